// One client on a WebSocket.
//
//   1. What is written may lie in a buffer anywhere on the way. A frame counts as read when the client answers a ping that was
//      sent after it; an answer stands for all pings before it (RFC 6455 section 5.5.3).
//   2. Who owes an answer and gives none for thirty seconds is cut. Where nothing is said, a ping goes out every thirty.
//   3. Who lags, with a MiB that the connection has not taken or 1,000 pings to answer, is told to wait; thirty seconds of
//      that close the connection, and so does a client that goes on asking without reading.

import type { Millis } from '../core/ids.ts';
import type { Seat, SeatEnd, Wire } from '../core/socket.ts';

export type SocketTimes = { pingMs: number; pongMs: number; lagMs: number; goodbyeMs: number };
export type SocketLimits = { bufferedBytes: number; unanswered: number };

export type Connection = {
  readonly seat: Seat;
  readonly since: Millis;
  /** Sends a frame as soon as it does not lag. Gives whether it was read before the connection ended. */
  tell(text: string): Promise<boolean>;
  isOpen(): boolean;
  isLagging(): boolean;
  /** Pings that it has not answered. */
  unanswered(): number;
  end(why: Exclude<SeatEnd, 'left'>): void;
  ended: Promise<{ end: SeatEnd; sent: number }>;
};

/** RFC 6455 section 7.4.1, and 1013 of the IANA registry. A client that is silent gets none: it would not read it. */
const closeCodes = { stopping: 1001, revoked: 1008, failed: 1011, too_slow: 1013 } as const;

export function openConnection(
  wire: Wire,
  seat: Seat,
  since: Millis,
  times: SocketTimes,
  limits: SocketLimits,
): Connection {
  /** By the number that the ping carries, in their order. */
  const owed = new Map<number, (isRead: boolean) => void>();
  const over = Promise.withResolvers<{ end: SeatEnd; sent: number }>();
  let moved = Promise.withResolvers<void>();
  let pings = 0;
  let sent = 0;
  let why: SeatEnd | undefined;
  let silence: NodeJS.Timeout | undefined;
  let goodbye: NodeJS.Timeout | undefined;

  const isBehind = () => wire.bufferedAmount > limits.bufferedBytes;
  const isLagging = () => isBehind() || owed.size >= limits.unanswered;

  /** Whoever waits for room looks again. */
  function move(): void {
    moved.resolve();
    moved = Promise.withResolvers();
  }

  function ping(): Promise<boolean> {
    const answer = Promise.withResolvers<boolean>();
    pings += 1;
    owed.set(pings, answer.resolve);
    silence ??= setTimeout(() => end('silent'), times.pongMs);
    wire.ping(String(pings), undefined, () => {});
    return answer.promise;
  }

  function answered(upTo: number): void {
    for (const [number, resolve] of owed) {
      // What is no number of ours answers nothing.
      if (!(number <= upTo)) break;
      owed.delete(number);
      resolve(true);
      clearTimeout(silence);
      silence = undefined;
    }
    if (owed.size > 0) silence ??= setTimeout(() => end('silent'), times.pongMs);
    move();
  }

  async function room(): Promise<void> {
    const patience = setTimeout(() => end('too_slow'), times.lagMs);
    while (why === undefined && isLagging()) await moved.promise;
    clearTimeout(patience);
  }

  function end(reason: Exclude<SeatEnd, 'left'>): void {
    if (why !== undefined) return;
    why = reason;
    if (reason === 'silent') wire.terminate();
    else {
      wire.close(closeCodes[reason]);
      goodbye = setTimeout(() => wire.terminate(), times.goodbyeMs);
    }
    move();
  }

  const beat = setInterval(() => {
    if (owed.size === 0) void ping();
  }, times.pingMs);

  wire.on('pong', (data) => answered(Number(Buffer.from(data).toString())));
  wire.on('message', (data) => {
    if (isBehind()) end('too_slow');
    if (why !== undefined) return;
    const answer = seat.hear(Buffer.from(data).toString());
    if (answer !== null) wire.send(answer, move);
  });
  // A broken connection closes too, and that is what is listened to.
  wire.on('error', () => {});
  wire.on('close', () => {
    clearInterval(beat);
    clearTimeout(silence);
    clearTimeout(goodbye);
    why ??= 'left';
    for (const resolve of owed.values()) resolve(false);
    owed.clear();
    move();
    over.resolve({ end: why, sent });
  });

  return {
    seat,
    since,
    async tell(text) {
      if (isLagging()) await room();
      if (why !== undefined) return false;
      sent += 1;
      wire.send(text, move);
      return await ping();
    },
    isOpen: () => why === undefined,
    isLagging,
    unanswered: () => owed.size,
    end,
    ended: over.promise,
  };
}
