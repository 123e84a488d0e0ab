// An application's webhook in small: it keeps what it gets, answers as it is told, and lets one wait for what is to come.

import { Buffer } from 'node:buffer';
import Fastify from 'fastify';
import { Webhook } from 'standardwebhooks';
import type { Clock, Millis } from '../core/ids.ts';
import { type WatchedList, watchedList } from './watched-list.ts';

/** How far the signed time may be from the clock's (Standard Webhooks, "Verifying webhook authenticity"). */
const toleranceMs = 5 * 60 * 1000;
const mostBodyBytes = 16 * 1024 * 1024;
const mostKept = 10_000;

export type Received = {
  /** 1 for the first request, and so on. */
  readonly number: number;
  readonly at: Millis;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** undefined when the body is not JSON. */
  readonly json: unknown;
  /** Whether a signature of Standard Webhooks is right; null without a secret to tell by. */
  readonly verified: boolean | null;
};

/** A status, or more; `reset` tears the connection down without an answer. */
export type Reply = number | 'reset' | { status: number; headers?: Readonly<Record<string, string>>; body?: string };

export type ReceiverOptions = {
  clock: Clock;
  host?: string;
  /** 0, the default: a free one. */
  port?: number;
  /** In the form that the sender has it: `whsec_` and base64, or raw text. */
  secret?: string;
};

export type Receiver = {
  /** Where to send; every path below it is taken too. */
  url: string;
  /** The last 10,000, the oldest first. */
  received: readonly Received[];
  /** The first that fits, be it here already or still to come. @throws when the signal, by default 10 seconds, is over first */
  next: WatchedList<Received>['next'];
  /** From now on: always the same, or by the request. At first 200. A promise keeps the sender waiting. */
  answer(reply: Reply | ((received: Received) => Reply | Promise<Reply>)): void;
  close(): Promise<void>;
};

export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { clock, host = '127.0.0.1', port = 0, secret } = options;
  const list = watchedList<Received>(mostKept);
  let count = 0;
  let respond: (received: Received) => Reply | Promise<Reply> = () => 200;

  const app = Fastify({ forceCloseConnections: true, bodyLimit: mostBodyBytes });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.all('/*', async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const received: Received = {
      number: ++count,
      at: clock.now(),
      method: request.method,
      path: request.url,
      headers,
      body,
      json: readJson(body),
      verified: secret === undefined ? null : isSigned(secret, headers, body, clock.now()),
    };
    list.add(received);
    const answer = await respond(received);
    if (answer === 'reset') {
      reply.hijack();
      return void reply.raw.socket?.resetAndDestroy();
    }
    const whole = typeof answer === 'number' ? { status: answer } : answer;
    return await reply
      .code(whole.status)
      .headers(whole.headers ?? {})
      .send(whole.body ?? '');
  });

  const url = await app.listen({ host, port });
  return {
    url,
    received: list.items,
    next: list.next,
    answer(reply) {
      respond = typeof reply === 'function' ? reply : () => reply;
    },
    close: () => app.close(),
  };
}

/**
 * Signed anew and compared, because the library's own check knows only the real time, and the clock here may be another.
 * The header holds one or more signatures, so that a secret can be replaced.
 */
function isSigned(secret: string, headers: Received['headers'], body: Buffer, now: Millis): boolean {
  const id = headers['webhook-id'];
  const seconds = Number(headers['webhook-timestamp'] ?? Number.NaN);
  if (id === undefined || !Number.isInteger(seconds) || Math.abs(now - seconds * 1000) > toleranceMs) return false;
  const webhook = secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(secret, { format: 'raw' });
  const right = webhook.sign(id, new Date(seconds * 1000), body);
  return (headers['webhook-signature'] ?? '').split(' ').includes(right);
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // What is not JSON is kept as bytes.
    return undefined;
  }
}
