import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OutgoingAnswer } from '../core/requester.ts';
import { OutgoingError } from '../core/requester.ts';
import { download } from './download.ts';

const second = 1000;

/** A store that takes the bytes and forgets them, or refuses. */
const taking = {
  async write(_key: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    let bytes = 0;
    const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const iterator = body[Symbol.asyncIterator]();
    for (;;) {
      const step = await Promise.race([iterator.next(), aborted]);
      if (step.done) return { bytes };
      bytes += step.value.byteLength;
    }
  },
};
const full = { write: () => Promise.reject(new Error('ENOSPC: no space left on device')) };

function answerOf(
  body: AsyncIterable<Uint8Array>,
  headers: Record<string, string> = {},
): OutgoingAnswer & { destroyed(): boolean } {
  let destroyed = false;
  return {
    status: 200,
    headers,
    destroyed: () => destroyed,
    body: Object.assign(body, {
      destroy() {
        destroyed = true;
      },
    }),
  };
}
async function* chunks(...parts: (Uint8Array | Error)[]) {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield part;
  }
}
const options = (more: Partial<Parameters<typeof download>[1]> = {}) => ({
  store: taking,
  blob: 'app/blob',
  signal: new AbortController().signal,
  mostBytes: 1000,
  stallMs: 30 * second,
  minBytesPerSecond: 100,
  ...more,
});
const text = (value: string) => new TextEncoder().encode(value);

test('what streamed through is hashed, measured and looked at', async () => {
  const headers = {
    'content-type': 'image/jpeg',
    'content-disposition': `attachment; filename="a.jpg"; filename*=UTF-8''caf%C3%A9.jpg`,
  };
  const answer = answerOf(chunks(text('hello '), text('world')), headers);
  expect(await download(answer, options())).toEqual({
    size: 11,
    sha256: createHash('sha256').update('hello world').digest('hex'),
    head: text('hello world'),
    servedType: 'image/jpeg',
    fileName: 'café.jpg',
  });
  expect(answer.destroyed()).toBe(true);
});

test('the head is the first 4100 bytes, wherever the chunks end', async () => {
  const bytes = Uint8Array.from({ length: 9000 }, (_, at) => at % 251);
  const found = await download(
    answerOf(chunks(bytes.subarray(0, 4000), bytes.subarray(4000))),
    options({ mostBytes: 10_000 }),
  );
  expect('head' in found && found.head).toEqual(bytes.subarray(0, 4100));
});

test('a file over the ceiling is refused by its header alone, and by its bytes where the header lies', async () => {
  const refused = { is: 'permanent', reason: 'media_too_large' };
  const declared = answerOf(chunks(text('x')), { 'content-length': '1001' });
  expect(await download(declared, options())).toEqual(refused);
  expect(declared.destroyed()).toBe(true);
  expect(await download(answerOf(chunks(new Uint8Array(600), new Uint8Array(401))), options())).toEqual(refused);
});

test('an encoding that nobody asked for is not stored as if it were the file', async () => {
  expect(await download(answerOf(chunks(text('x')), { 'content-encoding': 'gzip' }), options())).toEqual({
    is: 'transient',
    reason: 'content_encoding_unasked',
  });
});

test('a body that breaks off is transient, with the reason where it is known', async () => {
  const broken = (error: Error) => download(answerOf(chunks(text('half'), error)), options());
  expect(await broken(new OutgoingError('reset', 'the connection was reset'))).toEqual({
    is: 'transient',
    reason: 'reset',
  });
  expect(await broken(new Error('premature close'))).toEqual({ is: 'transient', reason: 'cut_short' });
});

test('a store that cannot write is told apart from a source that breaks', async () => {
  expect(await download(answerOf(chunks(text('x'))), options({ store: full }))).toEqual({
    is: 'transient',
    reason: 'storage_failed: ENOSPC: no space left on device',
  });
});

test('a header that cannot be read costs the name and nothing else', async () => {
  const found = await download(answerOf(chunks(text('x')), { 'content-disposition': ';;;=' }), options());
  expect(found).toMatchObject({ size: 1, fileName: null });
});

const timers = () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'Date'] }));
  afterEach(() => void vi.useRealTimers());
};
timers();

/** A body that gives `bytes` each time it is told to. */
function drip() {
  let give: (chunk: Uint8Array) => void = () => {};
  const body = (async function* () {
    for (;;) {
      yield await new Promise<Uint8Array>((resolve) => {
        give = resolve;
      });
    }
  })();
  return { body, give: (bytes: number) => give(new Uint8Array(bytes)) };
}

test('a source that falls silent is given up after the stall limit', async () => {
  const { body } = drip();
  const outcome = download(answerOf(body), options());
  await vi.advanceTimersByTimeAsync(31 * second);
  expect(await outcome).toEqual({ is: 'transient', reason: 'stalled' });
});

test('a source that drips below the least rate for a minute is given up', async () => {
  const { body, give } = drip();
  const outcome = download(answerOf(body), options({ mostBytes: 1e9 }));
  for (let passed = 0; passed < 62; passed++) {
    give(50);
    await vi.advanceTimersByTimeAsync(second);
  }
  expect(await outcome).toEqual({ is: 'transient', reason: 'too_slow' });
});

test('a source that keeps the least rate may take as long as it needs', async () => {
  const { body, give } = drip();
  const stop = new AbortController();
  let settled = false;
  const outcome = download(answerOf(body), options({ mostBytes: 1e9, signal: stop.signal })).finally(() => {
    settled = true;
  });
  for (let passed = 0; passed < 300; passed++) {
    give(200);
    await vi.advanceTimersByTimeAsync(second);
  }
  expect(settled).toBe(false);
  stop.abort();
  expect(await outcome).toEqual({ is: 'transient', reason: 'aborted' });
});
