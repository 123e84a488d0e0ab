// Streams of events over WebSockets: who speaks, what is said, when a connection is given up. What is sent, and how fast, is
// decided in `flows/event-stream.ts`.
//
// A connection has ten seconds to subscribe, and to give its key if no header did. It is pinged every twenty seconds, and
// closed when a ping goes unanswered for thirty. A server that stops says so (1001) and waits two seconds for the client.

import type { WebSocket } from 'ws';
import { Fault, type FaultCode, faults } from '../core/faults.ts';
import type { Clock } from '../core/ids.ts';
import type { Access } from '../flows/access.ts';
import type { EventStream, OpenStream, StreamEnd, StreamSocket } from '../flows/event-stream.ts';
import { given } from './fields.ts';
import type { HttpLog } from './request-log.ts';
import { ackFrame, closeCodes, frameOf, subscribeFrame } from './stream-frames.ts';

export type StreamTimes = { subscribeMs: number; pingMs: number; pongMs: number; goodbyeMs: number };

const standard: StreamTimes = { subscribeMs: 10_000, pingMs: 20_000, pongMs: 30_000, goodbyeMs: 2_000 };
/** Connections at the same time; each may hold a page of events and a MiB that waits to be sent. */
const mostStreams = 1000;

export type EventStreams = {
  /** @throws Fault rate_limited when there are too many streams */
  checkRoom(): void;
  /** Speaks with a client until the connection ends. `secret`: the key of a header; `login` finds out whose a key is. */
  serve(socket: WebSocket, secret: string | undefined, login: (secret: string) => Promise<void>): Promise<void>;
  /** Connections, and events that they were sent and have not acknowledged. */
  standing(): { open: number; unacknowledged: number };
  stop(): Promise<void>;
};

export type EventStreamsParts = { access: Access; openStream: OpenStream; clock: Clock; log?: HttpLog | undefined };

type Ending = StreamEnd | 'silent' | 'too_many';

export function socketStreams(
  { access, openStream, log, clock }: EventStreamsParts,
  times: StreamTimes = standard,
): EventStreams {
  const open = new Set<WebSocket>();
  const streams = new Set<EventStream>();

  async function converse(
    socket: WebSocket,
    inHeader: string | undefined,
    login: (secret: string) => Promise<void>,
    signal: AbortSignal,
  ): Promise<{ end: Ending; sent: number; key?: string }> {
    const first = await firstFrame(socket, times.subscribeMs, signal);
    if (first === undefined) return { end: signal.aborted ? 'left' : 'silent', sent: 0 };
    const order = frameOf(subscribeFrame, first);
    if (order === undefined) return refused('invalid_request', 'The first frame must be a subscribe frame.');
    const secret = inHeader ?? order.key;
    if (secret === undefined) return refused('key_missing', 'Neither a header nor the first frame has a key.');
    try {
      if (inHeader === undefined) await login(secret);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return refused(error.code, error.message);
    }
    const caller = await access.callerOf(secret);
    if (caller === undefined) return refused('key_unknown', faults.key_unknown.says);

    const stream = openStream(
      { after: order.after ?? null, ack: order.ack, ...given({ types: order.types, appId: order.app_id }) },
      () => access.callerOf(secret),
      socketOf(socket),
      signal,
    );
    socket.on('message', (data) => hear(stream, String(data)));
    streams.add(stream);
    const { end, fault, sent } = await stream.ended;
    streams.delete(stream);
    if (fault !== undefined) say(socket, { type: 'error', code: fault.code, detail: fault.message });
    if (end === 'revoked') say(socket, errorFrame('key_unknown'));
    if (end === 'forbidden') say(socket, errorFrame('permission_missing'));
    if (end === 'resync') say(socket, { type: 'resync_required', detail: faults.cursor_too_old.says });
    return { end, sent, key: caller.key };

    function hear(stream: EventStream, text: string): void {
      const ack = frameOf(ackFrame, text);
      if (ack !== undefined) {
        stream.acknowledge(ack.cursor);
        return;
      }
      say(socket, {
        type: 'error',
        code: 'invalid_request',
        detail: 'After the first frame, only ack frames are expected.',
      });
      socket.close(closeCodes.refused);
    }

    function refused(code: FaultCode, detail: string) {
      say(socket, { type: 'error', code, detail });
      return { end: endOf(code), sent: 0 };
    }
  }

  return {
    checkRoom() {
      if (open.size >= mostStreams)
        throw new Fault('rate_limited', { detail: 'Too many streams are open.', retryAfter: 30 });
    },
    async serve(socket, secret, login) {
      const began = clock.now();
      const gone = new AbortController();
      open.add(socket);
      const stopPings = keepAlive(socket, times);
      // A broken connection closes too, and that is what is listened to.
      socket.on('error', () => {});
      socket.once('close', () => {
        open.delete(socket);
        stopPings();
        gone.abort();
      });
      try {
        const { end, sent, key } = await converse(socket, secret, login, gone.signal);
        log?.info({ path: '/api/v1/events/stream', key, end, sent, ms: clock.now() - began }, 'stream');
        if (end !== 'left') part(socket, closeCodes[end], times.goodbyeMs);
      } catch (error) {
        log?.error({ err: error }, 'a stream failed');
        part(socket, closeCodes.failed, times.goodbyeMs);
      }
    },
    standing: () => ({
      open: open.size,
      unacknowledged: [...streams].reduce((sum, stream) => sum + stream.unacknowledged(), 0),
    }),
    async stop() {
      await Promise.all(
        [...open].map(
          (socket) =>
            new Promise<void>((resolve) => {
              socket.once('close', () => resolve());
              part(socket, closeCodes.stopping, times.goodbyeMs);
            }),
        ),
      );
    },
  };
}

const endOf = (code: FaultCode): Ending => {
  switch (code) {
    case 'key_missing':
    case 'key_unknown':
      return 'revoked';
    case 'permission_missing':
      return 'forbidden';
    case 'rate_limited':
      return 'too_many';
    default:
      return 'refused';
  }
};

const errorFrame = (code: FaultCode) => ({ type: 'error', code, detail: faults[code].says });

const say = (socket: WebSocket, frame: object): void => socket.send(JSON.stringify(frame), () => {});

const socketOf = (socket: WebSocket): StreamSocket => ({
  send: (frame) => new Promise((resolve) => socket.send(JSON.stringify(frame), () => resolve())),
  buffered: () => socket.bufferedAmount,
});

/** The first frame's text; undefined: none came in time, or the connection ended. */
function firstFrame(socket: WebSocket, withinMs: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const done = (text: string | undefined) => {
      clearTimeout(limit);
      resolve(text);
    };
    const limit = setTimeout(() => done(undefined), withinMs);
    socket.once('message', (data) => done(String(data)));
    signal.addEventListener('abort', () => done(undefined), { once: true });
  });
}

/** Pings, and gives a connection up that does not answer. @returns how to stop it */
function keepAlive(socket: WebSocket, { pingMs, pongMs }: StreamTimes): () => void {
  let limit: NodeJS.Timeout | undefined;
  const beat = setInterval(() => {
    limit ??= setTimeout(() => socket.terminate(), pongMs);
    socket.ping(() => {});
  }, pingMs);
  socket.on('pong', () => {
    clearTimeout(limit);
    limit = undefined;
  });
  return () => {
    clearInterval(beat);
    clearTimeout(limit);
  };
}

/** Says goodbye, and does not wait longer than that for an answer. */
function part(socket: WebSocket, code: number, withinMs: number): void {
  socket.close(code);
  const limit = setTimeout(() => socket.terminate(), withinMs);
  socket.once('close', () => clearTimeout(limit));
}
