// Events read by cursor, and waited for.

import { Fault } from '../core/faults.ts';
import type { Id } from '../core/ids.ts';
import type { Event, EventType, Reach } from '../core/model.ts';
import type { Records } from '../core/records.ts';
import type { EventBell } from './event-bell.ts';

export type EventQuestion = {
  reach: Reach;
  appId?: Id<'app'>;
  types?: EventType[];
  /** A cursor; `latest`: what happens from now on; null: from the oldest that is kept. */
  after: string | null;
  limit: number;
};

export type EventFeed = {
  /**
   * Events after the cursor, the oldest first; where there are none yet, those that come within `waitMs`.
   * @throws Fault cursor_too_old, invalid_cursor
   */
  read(question: EventQuestion, waitMs: number, signal: AbortSignal): Promise<{ rows: Event[]; next: string }>;
};

export function eventFeed(records: Pick<Records, 'listEvents' | 'eventsEnd'>, bell: EventBell): EventFeed {
  return {
    async read({ after, limit, ...whose }, waitMs, signal) {
      const until = performance.now() + waitMs;
      let cursor = after === 'latest' ? await records.eventsEnd() : after;
      for (;;) {
        const heard = bell.rings();
        const { rows, next, gap } = await records.listEvents({ ...whose, page: { limit, cursor } });
        if (gap) throw new Fault('cursor_too_old');
        const left = until - performance.now();
        if (rows.length > 0 || left <= 0 || signal.aborted || bell.isStopped()) return { rows, next };
        cursor = next;
        await bell.next(heard, left, signal);
      }
    },
  };
}
