// The port to a dialect: a wire format spoken with applications.

import type { Millis } from './ids.ts';
import type { Event, EventType, Media } from './model.ts';

/** How long an event waits for its captures: the app's deliver_within, its hold_limit, or not at all. */
export type Hold = 'deliver_within' | 'hold_limit' | 'none';

/** What the records need to know of a dialect when they lay out deliveries; plain data, so that it can cross a thread. */
export type DialectPolicy = {
  hold: Hold;
  /** Whether an event about a message is one request, or one for each attachment. */
  parts: 'message' | 'media';
  /** Event types that the dialect has words for. */
  speaks: readonly EventType[];
};

/** Makes links to stored media. */
export type Links = {
  /** A link that yields the bytes without a key until it expires. */
  to(media: Media, now: Millis): { url: string; expiresAt: Millis };
};

export type Rendered = {
  /** JSON text, exactly as it is signed and sent. */
  body: string;
  headers: Record<string, string>;
};

export type Dialect = {
  readonly name: string;
  readonly policy: DialectPolicy;
  /** What a new key begins with. */
  keyPrefix(mode: 'live' | 'test'): string;
  /** The request for one part of an event. Pure: the same input gives the same bytes. */
  render(event: Event, part: number, now: Millis, links: Links): Rendered;
  /** Waits before the attempts after the first, in milliseconds; the native schedule follows where it ends. */
  readonly waits: readonly number[];
  /** Limit for one attempt, in milliseconds. */
  readonly timeoutMs: number;
};

export type Dialects = ReadonlyMap<string, Dialect>;
