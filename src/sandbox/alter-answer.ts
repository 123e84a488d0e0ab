// What each fault does to an answer.

import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { type Answer, bytesAnswer, textAnswer } from './answer.ts';
import type { AnswerFault } from './fault.ts';

/** What the faults need of the sandbox. */
export type FaultMeans = {
  /** Waits until the test releases the media. */
  hold(signal: AbortSignal): Promise<void>;
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** Where a redirect to another host, or back to the same address, points. */
  otherHost: string;
  itself: string;
  /** How many answers were altered before this one. */
  count: number;
};

const page = '<!DOCTYPE html><html><head><title>Sorry</title></head><body><p>Something went wrong.</p></body></html>\n';

export function alterAnswer(answer: Answer, fault: AnswerFault, means: FaultMeans): Answer {
  const half = Math.floor((answer.length ?? 0) / 2);
  const firstHalf: Answer['body'] = (signal) => upTo(half, answer.body(signal));
  switch (fault.is) {
    case 'status': {
      const { status, retryAfterSeconds } = fault;
      const retryAfter = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return textAnswer(status, 'The request failed.\n', retryAfter);
    }
    case 'html_page':
      return bytesAnswer(200, 'text/html; charset=utf-8', Buffer.from(page));
    case 'reset':
      return fault.when === 'before_headers'
        ? { ...answer, ending: 'no_answer' }
        : { ...answer, body: firstHalf, ending: 'reset' };
    case 'truncated':
      return { ...answer, body: firstHalf, ending: 'cut' };
    case 'chunked':
      return { ...answer, length: null };
    case 'length':
      return { ...answer, length: fault.bytes, body: (signal) => exactly(fault.bytes, answer.body(signal)) };
    case 'wrong_bytes': {
      // Never 0, so that the byte always changes.
      const flips = fault.steady ? 0xff : 1 + (means.count % 0xfe);
      return { ...answer, body: (signal) => lastByteFlipped(answer.length ?? 0, flips, answer.body(signal)) };
    }
    case 'served_type': {
      const { 'content-type': _, ...headers } = answer.headers;
      return { ...answer, headers: { ...headers, ...(fault.type !== null && { 'content-type': fault.type }) } };
    }
    case 'gzip':
      return {
        ...answer,
        headers: { ...answer.headers, 'content-encoding': 'gzip' },
        length: null,
        body: (signal) => Readable.from(answer.body(signal)).compose(createGzip(), { signal }),
      };
    case 'stall':
      return fault.when === 'before_headers'
        ? { ...answer, before: means.hold }
        : { ...answer, body: (signal) => heldAfter(half, answer.body(signal), () => means.hold(signal)) };
    case 'drip': {
      const { bytes, everyMs } = fault;
      const wait = (signal: AbortSignal) => (everyMs === undefined ? means.hold(signal) : means.pause(everyMs, signal));
      return { ...answer, body: (signal) => dripped(bytes, answer.body(signal), () => wait(signal)) };
    }
    case 'redirect': {
      const to = { other_host: means.otherHost, itself: means.itself };
      const location = fault.to instanceof URL ? fault.to.href : to[fault.to];
      return textAnswer(302, 'Found elsewhere.\n', { location });
    }
  }
}

async function* upTo(bytes: number, source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let left = bytes;
  if (left === 0) return;
  for await (const chunk of source) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

async function* exactly(bytes: number, source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let left = bytes;
  for await (const chunk of upTo(bytes, source)) {
    left -= chunk.length;
    yield chunk;
  }
  const filling = new Uint8Array(64 * 1024);
  for (; left > 0; left -= filling.length) yield filling.subarray(0, left);
}

async function* lastByteFlipped(
  length: number,
  flips: number,
  source: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.length;
    const last = chunk.at(-1);
    if (seen < length || last === undefined) yield chunk;
    else yield Buffer.concat([chunk.subarray(0, -1), Buffer.of(last ^ flips)]);
  }
}

async function* heldAfter(
  bytes: number,
  source: AsyncIterable<Uint8Array>,
  hold: () => Promise<void>,
): AsyncIterable<Uint8Array> {
  let seen = 0;
  let released = false;
  for await (const chunk of source) {
    const due = bytes - seen;
    seen += chunk.length;
    if (released || seen <= bytes) {
      yield chunk;
      continue;
    }
    if (due > 0) yield chunk.subarray(0, due);
    await hold();
    released = true;
    yield chunk.subarray(due);
  }
}

async function* dripped(
  bytes: number,
  source: AsyncIterable<Uint8Array>,
  wait: () => Promise<void>,
): AsyncIterable<Uint8Array> {
  const step = Math.max(1, bytes);
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += step) {
      await wait();
      yield chunk.subarray(at, at + step);
    }
  }
}
