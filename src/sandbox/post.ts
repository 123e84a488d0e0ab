// What Meta does towards a callback: the handshake, and a signed POST that is tried again until it is answered with 200.

import { performance } from 'node:perf_hooks';
import { type Dispatcher, request } from 'undici';
import { sign } from './sign.ts';

export type PostOptions = {
  /** App secret. */
  secret: string;
  /** What the signature header is to be; `right` by default. */
  signature?: 'right' | 'missing' | 'wrong' | 'malformed';
  /** Adds a byte to the body after it was signed; it stays the same JSON. */
  alterAfterSigning?: boolean;
  /** Milliseconds before each further try after an answer other than 200 or none; none by default. */
  retries?: readonly number[];
  /** Limit for one try, 10 seconds by default. */
  timeoutMs?: number;
  signal?: AbortSignal;
};

/** The last answer. `status` is null and `error` says why when there was none. */
export type Posted = {
  status: number | null;
  body: string;
  error: string | null;
  /** Of the last try, in real time. */
  durationMs: number;
  tries: number;
};

export type Poster = {
  post(url: string, body: Uint8Array, options: PostOptions): Promise<Posted>;
  /** The same POST so many times at the same instant. */
  postCopies(count: number, url: string, body: Uint8Array, options: PostOptions): Promise<Posted[]>;
  handshake(url: string, verifyToken: string, challenge: string): Promise<{ status: number; body: string }>;
};

const minuteMs = 60 * 1000;
const hourMs = 60 * minuteMs;

/**
 * Waits of a delivery that is refused: at once, then ever more seldom through 36 hours, then never again. Meta gives the span
 * ("Create a webhook endpoint"), not the steps; another page of its documentation speaks of 7 days.
 */
export const metaRetryWaits: readonly number[] = [
  0,
  minuteMs,
  5 * minuteMs,
  15 * minuteMs,
  hourMs,
  2 * hourMs,
  4 * hourMs,
  8 * hourMs,
  8 * hourMs,
  12 * hourMs,
];

const mostReplyBytes = 64 * 1024;

export function poster(dispatcher: Dispatcher, pause: Pause): Poster {
  const post: Poster['post'] = (url, body, options) => {
    const headers = { 'user-agent': 'facebookexternalua', ...signature(body, options) };
    const sent = options.alterAfterSigning === true ? Buffer.concat([body, Buffer.from(' ')]) : body;
    return postUntilTaken({ dispatcher, pause }, url, headers, sent, options);
  };

  return {
    post,
    postCopies: (count, ...args) => Promise.all(Array.from({ length: count }, () => post(...args))),
    async handshake(url, verifyToken, challenge) {
      const asked = new URL(url);
      asked.searchParams.set('hub.mode', 'subscribe');
      asked.searchParams.set('hub.challenge', challenge);
      asked.searchParams.set('hub.verify_token', verifyToken);
      return await call(dispatcher, asked.href, { method: 'GET', signal: AbortSignal.timeout(10_000) });
    },
  };
}

export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** Posts JSON, and again after each wait until it is answered with 200. */
export async function postUntilTaken(
  { dispatcher, pause }: { dispatcher: Dispatcher; pause: Pause },
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  options: Pick<PostOptions, 'retries' | 'timeoutMs' | 'signal'> = {},
): Promise<Posted> {
  const waits = options.retries ?? [];
  const stop = options.signal ?? new AbortController().signal;
  for (let tries = 1; ; tries++) {
    const start = performance.now();
    const signal = AbortSignal.any([stop, AbortSignal.timeout(options.timeoutMs ?? 10_000)]);
    const sent = { 'content-type': 'application/json', ...headers };
    const answer = await call(dispatcher, url, { method: 'POST', headers: sent, body, signal }).then(
      ({ status, body }) => ({ status, body, error: null }),
      (error: unknown) => ({ status: null, body: '', error: String(error) }),
    );
    const wait = waits[tries - 1];
    if (answer.status === 200 || wait === undefined || stop.aborted) {
      return { ...answer, durationMs: performance.now() - start, tries };
    }
    await pause(wait, stop);
  }
}

/** @throws Error when the gateway did not take the webhook */
export function accepted({ status, error, body }: Posted): void {
  if (status !== 200) throw new Error(`the webhook was not taken: ${error ?? `HTTP ${status} ${body}`}`);
}

async function call(dispatcher: Dispatcher, url: string, options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'>) {
  const answer = await request(url, { ...options, dispatcher });
  return { status: answer.statusCode, body: await beginning(answer.body) };
}

function signature(body: Uint8Array, { secret, signature }: PostOptions): Record<string, string> {
  const name = 'x-hub-signature-256';
  switch (signature ?? 'right') {
    case 'right':
      return { [name]: sign(body, secret) };
    case 'wrong':
      return { [name]: sign(body, `not ${secret}`) };
    case 'malformed':
      return { [name]: 'sha256=not-hex' };
    case 'missing':
      return {};
  }
}

/** The first 64 KiB of a body as text; the rest is not read. */
async function beginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let seen = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    seen += chunk.length;
    if (seen >= mostReplyBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, mostReplyBytes).toString('utf8');
}
