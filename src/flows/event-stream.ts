// The events of one application over one connection, in their order, each with the cursor to go on after it.
//
//   1. pages of at most 100 are read and sent; where there are no more, the bell tells when to look again
//   2. the client that asks for it acknowledges; 1,000 events without acknowledgement, or a MiB that the connection has not
//      taken, pause the stream, and thirty seconds of that end it: the client comes back with its cursor
//   3. the key is asked for before each page is read and sent, so that nobody hears anything with one that was revoked
//
// Memory is bounded by one page and what waits to be sent. Nothing is remembered of a client that is gone: its place is its
// cursor, and it keeps that itself.

import { Fault } from '../core/faults.ts';
import type { Clock } from '../core/ids.ts';
import type { Links } from '../core/links.ts';
import type { Event } from '../core/model.ts';
import { presentEvent } from '../core/present.ts';
import type { Records } from '../core/records.ts';
import type { Caller } from './access.ts';
import type { EventBell } from './event-bell.ts';
import type { EventQuestion } from './event-feed.ts';

/** The connection, as far as a stream needs one. */
export type StreamSocket = {
  /** Resolves when it is out, rejects never: a connection that breaks ends the stream through its signal. */
  send(frame: object): Promise<void>;
  /** Bytes that were sent and wait for the connection to take them. */
  buffered(): number;
};

export type Subscription = Omit<EventQuestion, 'reach' | 'limit'> & {
  /** Whether the client acknowledges what it has got. */
  ack: boolean;
};

/** Why a stream ended; the codes of the connection's closing stand in `http`. */
export type StreamEnd = 'left' | 'stopping' | 'too_slow' | 'revoked' | 'forbidden' | 'resync' | 'refused' | 'failed';

export type EventStream = {
  /** Everything up to this cursor has arrived. Cursors that were not sent, or are acknowledged already, change nothing. */
  acknowledge(cursor: string): void;
  /** Events that were sent and not acknowledged. */
  unacknowledged(): number;
  ended: Promise<{ end: StreamEnd; fault?: Fault; sent: number }>;
};

export type OpenStream = (
  subscription: Subscription,
  callerNow: () => Promise<Caller | undefined>,
  socket: StreamSocket,
  signal: AbortSignal,
) => EventStream;

export type EventStreamParts = {
  records: Pick<Records, 'listEvents' | 'eventsEnd'>;
  bell: EventBell;
  links: Links;
  clock: Clock;
  onError(error: unknown, about: string): void;
  limits?: { page: number; unacknowledged: number; bufferedBytes: number; lagMs: number; idleMs: number };
};

const standard = { page: 100, unacknowledged: 1000, bufferedBytes: 1 << 20, lagMs: 30_000, idleMs: 20_000 };

/** Makes what opens streams: `callerNow` tells whose the key is at this moment, `signal` is over when the connection is. */
export const eventStreams =
  (parts: EventStreamParts): OpenStream =>
  (subscription, callerNow, socket, signal) =>
    streamEvents(parts, subscription, callerNow, socket, signal);

function streamEvents(
  { records, bell, links, clock, onError, limits = standard }: EventStreamParts,
  { ack, after, ...whose }: Subscription,
  callerNow: () => Promise<Caller | undefined>,
  socket: StreamSocket,
  signal: AbortSignal,
): EventStream {
  const unacknowledged: string[] = [];
  let acknowledged: (() => void) | undefined;
  let sent = 0;

  async function run(): Promise<{ end: StreamEnd; fault?: Fault }> {
    let cursor = after === 'latest' ? await records.eventsEnd() : after;
    await socket.send({ type: 'subscribed', cursor });
    for (;;) {
      const heard = bell.rings();
      const free = limits.unacknowledged - unacknowledged.length;
      if (free <= 0) {
        if (!(await inTime(acknowledgement()))) return { end: signal.aborted ? 'left' : 'too_slow' };
        continue;
      }
      const caller = await listener();
      if (typeof caller === 'string') return { end: caller };
      const page = { limit: Math.min(limits.page, free), cursor };
      const { rows, cursors, next, gap } = await records.listEvents({ ...whose, reach: caller.reach, page });
      if (signal.aborted) return { end: 'left' };
      if (bell.isStopped()) return { end: 'stopping' };
      if (gap) return { end: 'resync' };
      // Asked again, because reading takes its time.
      const still = rows.length === 0 ? caller : await listener();
      if (typeof still === 'string') return { end: still };
      for (const [at, event] of rows.entries()) {
        const out = tell(event, cursors[at] ?? next);
        if (socket.buffered() > limits.bufferedBytes && !(await inTime(out)))
          return { end: signal.aborted ? 'left' : 'too_slow' };
      }
      cursor = next;
      if (rows.length === 0) await bell.next(heard, limits.idleMs, signal);
    }
  }

  /** Who listens, or why nobody may any more. */
  async function listener(): Promise<Caller | 'revoked' | 'forbidden'> {
    const caller = await callerNow();
    if (caller === undefined) return 'revoked';
    return caller.permissions.includes('read') ? caller : 'forbidden';
  }

  async function tell(event: Event, cursor: string): Promise<void> {
    if (ack) unacknowledged.push(cursor);
    sent += 1;
    await socket.send({ type: 'event', cursor, event: presentEvent(event, clock.now(), links) });
  }

  const acknowledgement = () =>
    new Promise<void>((resolve) => {
      acknowledged = resolve;
    });

  /** Whether it happens before the client counts as lagging too far behind, and while it is there. */
  async function inTime(happens: Promise<void>): Promise<boolean> {
    const over = AbortSignal.any([signal, AbortSignal.timeout(limits.lagMs)]);
    const ends = new Promise<false>((resolve) => over.addEventListener('abort', () => resolve(false), { once: true }));
    return await Promise.race([happens.then(() => !over.aborted), ends]);
  }

  const ended = run()
    .catch((error: unknown): { end: StreamEnd; fault?: Fault } => {
      if (error instanceof Fault && error.kind === 'invalid') return { end: 'refused', fault: error };
      onError(error, 'a stream of events');
      return { end: 'failed' };
    })
    .then((ending) => ({ ...ending, sent }));

  return {
    acknowledge(cursor) {
      const at = unacknowledged.indexOf(cursor);
      if (at < 0) return;
      unacknowledged.splice(0, at + 1);
      acknowledged?.();
    },
    unacknowledged: () => unacknowledged.length,
    ended,
  };
}
