// Open connections by endpoint. A frame goes to everybody whose scope covers it and is delivered when the first of them has
// read it; nobody is left out silently: a connection that lags while others can take the frame is closed, so that its client
// comes back. Where all lag, the frame waits for room. The key of a connection is asked for before each frame.

import { Fault } from '../core/faults.ts';
import type { Clock, Id } from '../core/ids.ts';
import type { SocketFrame, SocketHub, SocketOutcome, SocketSubject } from '../core/socket.ts';
import { type Connection, openConnection, type SocketLimits, type SocketTimes } from './socket-connection.ts';

export type SocketHubParts = { clock: Clock; times?: SocketTimes; limits?: SocketLimits & { connections: number } };

const usualTimes: SocketTimes = { pingMs: 30_000, pongMs: 30_000, lagMs: 30_000, goodbyeMs: 2_000 };
const usualLimits = { bufferedBytes: 1 << 20, unanswered: 1000, connections: 1000 };

export function socketHub({ clock, times = usualTimes, limits = usualLimits }: SocketHubParts): SocketHub {
  const open = new Map<Id<'endpoint'>, Set<Connection>>();
  const everybody = () => [...open.values()].flatMap((some) => [...some]);
  const hearers = (subject: SocketSubject) =>
    [...(open.get(subject.endpointId) ?? [])].filter((one) => one.isOpen() && hears(one, subject));

  return {
    checkRoom() {
      if (everybody().length >= limits.connections)
        throw new Fault('rate_limited', { detail: 'Too many connections are open.', retryAfter: 30 });
    },
    join(wire, seat, welcome) {
      const connection = openConnection(wire, seat, clock.now(), times, limits);
      wire.send(welcome, () => {});
      const others = open.get(seat.endpointId) ?? new Set();
      open.set(seat.endpointId, others.add(connection));
      const ended = connection.ended.finally(() => {
        others.delete(connection);
        if (others.size === 0) open.delete(seat.endpointId);
      });
      return { end: connection.end, ended };
    },
    async send(frame) {
      const all = hearers(frame);
      if (all.length === 0) return { is: 'nobody' };
      const ready = all.filter((one) => !one.isLagging());
      if (ready.length > 0) for (const one of all) if (one.isLagging()) one.end('too_slow');
      return await firstRead(frame, ready.length > 0 ? ready : all);
    },
    isHeard: (subject) => hearers(subject).length > 0,
    isOpen: (endpointId) => open.has(endpointId),
    standing: () => ({
      open: everybody().length,
      unacknowledged: everybody().reduce((sum, one) => sum + one.unanswered(), 0),
    }),
    async stop() {
      const all = everybody();
      for (const one of all) one.end('stopping');
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}

function hears({ seat: { scope }, since }: Connection, subject: SocketSubject): boolean {
  if (scope.channelId !== undefined && scope.channelId !== subject.channelId) return false;
  if (scope.conversationId === undefined) return true;
  return scope.conversationId === subject.conversationId && subject.since >= since;
}

/** Tells all of them, and waits for the first that has read it. */
async function firstRead({ text, signal }: SocketFrame, connections: readonly Connection[]): Promise<SocketOutcome> {
  const lost = { is: 'lost', error: 'the connection ended before the frame was read' } as const;
  const stopped = Promise.withResolvers<SocketOutcome>();
  const stop = () => stopped.resolve({ is: 'lost', error: 'given up' });
  signal.addEventListener('abort', stop, { once: true });
  const reads = connections.map(async (one) => {
    if (!(await isAdmitted(one)) || !(await one.tell(text))) throw new Error(lost.error);
    return { is: 'delivered' } as const;
  });
  try {
    return await Promise.race([Promise.any(reads).catch(() => lost), stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function isAdmitted(connection: Connection): Promise<boolean> {
  const may = await connection.seat.isAdmitted();
  if (!may) connection.end('revoked');
  return may;
}
