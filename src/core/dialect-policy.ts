// What the records need to know of a dialect; plain data, so that it can cross a thread.

import type { EventType } from './model.ts';

/** How long an event waits for its captures: the app's deliver_within, its hold_limit, or not at all. */
export type Hold = 'deliver_within' | 'hold_limit' | 'none';

/** What the records need to know of a dialect when they lay out deliveries; plain data, so that it can cross a thread. */
export type DialectPolicy = {
  hold: Hold;
  /** Whether an event about a message is one request, or one for each attachment. */
  parts: 'message' | 'media';
  /** Event types that the dialect has words for. */
  speaks: readonly EventType[];
  /** What waits for a client to connect: the newest so many of each sender, and for how long. Absent: it has no sockets. */
  queue?: { perSender: number; lifeMs: number };
};

/** How long media of an app of this dialect is kept; null: until deleted. `hard`: waiting for a delivery does not prolong it. */
export type DialectRetention = { seconds: number | null; hard: boolean };
