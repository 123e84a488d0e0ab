// The server's event stream from a client's side: one WebSocket after another, each going on after the event that was
// handled last. An event is acknowledged when its handling is over, so the server sends no more than it may have unanswered.

import { WebSocket } from 'ws';
import { isObject, type JsonObject } from '../core/json.ts';
import { isConnectionError } from './api.ts';
import { Refusal, Unreachable } from './failures.ts';
import type { Server } from './server.ts';

export type StreamOptions = {
  server: Server;
  userAgent: string;
  signal: AbortSignal;
  /** Cursor after which it begins, or `latest`; undefined: the oldest that is kept. */
  after: string | undefined;
  types: string[] | undefined;
  appId: string | undefined;
  /** Called for one event after another. */
  onEvent(event: JsonObject, cursor: string): Promise<void>;
  /** Called when it has begun. */
  onOpen(cursor: string): void;
};

/** The cursor is older than what the server keeps. */
export class Resync extends Error {
  override readonly name = 'Resync';
}

/** The server pings every 20 s. */
const silenceMs = 60_000;

/** Close codes of the server that a new try would not change, and the status that says the same. */
const refusals: Record<number, number> = { 4400: 400, 4401: 401, 4403: 403, 4408: 408 };

/**
 * Listens on one connection until that ends.
 * @throws Unreachable when it is lost, Refusal when the server will not have it, Resync, and what `onEvent` throws
 */
export async function listenOnce(options: StreamOptions): Promise<never> {
  const { server, signal } = options;
  signal.throwIfAborted();
  const socket = new WebSocket(`${server.url.replace(/^http/, 'ws')}/api/v1/events/stream`, {
    headers: { authorization: `Bearer ${server.key}`, 'user-agent': options.userAgent },
    handshakeTimeout: 10_000,
    followRedirects: false,
  });
  const ended = Promise.withResolvers<never>();
  const stop = () => ended.reject(signal.reason);
  signal.addEventListener('abort', stop);
  const watchdog = setTimeout(() => ended.reject(new Unreachable(server.url, new Error('it is silent'))), silenceMs);

  let last = Promise.resolve();
  let refusal = '';
  const take = async (frame: JsonObject): Promise<void> => {
    const { type, cursor, event, detail } = frame;
    if (type === 'subscribed') options.onOpen(String(cursor));
    if (type === 'error') refusal = String(detail);
    if (type === 'resync_required') ended.reject(new Resync(String(detail)));
    if (type !== 'event' || !isObject(event)) return;
    await options.onEvent(event as JsonObject, String(cursor));
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'ack', cursor }));
  };
  socket.on('open', () => {
    const { after, types, appId: app_id } = options;
    socket.send(JSON.stringify({ type: 'subscribe', after, types, app_id, ack: true }));
  });
  socket.on('ping', () => watchdog.refresh());
  socket.on('message', (data) => {
    watchdog.refresh();
    // One after another, in their order.
    last = last.then(() => take(JSON.parse(String(data)))).catch((error: unknown) => ended.reject(error));
  });
  socket.on('unexpected-response', (_, answer) => {
    answer.resume();
    ended.reject(new Refusal(answer.statusCode ?? 502, `the server answered ${answer.statusCode}`));
  });
  socket.on('error', (error) => ended.reject(isConnectionError(error) ? new Unreachable(server.url, error) : error));
  socket.on('close', (code) => {
    const status = refusals[code];
    const lost = new Unreachable(server.url, new Error(refusal || `the connection was closed (${code})`));
    void last.then(() =>
      ended.reject(status === undefined ? lost : new Refusal(status, refusal || `refused (${code})`)),
    );
  });

  try {
    return await ended.promise;
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener('abort', stop);
    socket.terminate();
  }
}
