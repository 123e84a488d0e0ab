// What every blob store must do, whatever it is made of. An adapter's test file calls this with a way to open an empty one.

import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { BlobMissing, type BlobStore, type ByteRange, type StoredObject } from '../../src/core/blob-store.ts';
import { newId } from '../../src/core/ids.ts';

const never = new AbortController().signal;
const MiB = 1024 * 1024;

export const blobKey = (): string => `${newId('app', 0)}/${newId('blob', 0)}`;

/** Bytes that differ everywhere, the same on every run. */
function sample(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, state = 1; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** A stream of these bytes in chunks of uneven sizes. */
export async function* streamOf(bytes: Uint8Array, chunk = 10_007): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
}

async function* thenFail(bytes: Uint8Array, error: Error): AsyncGenerator<Uint8Array> {
  yield* streamOf(bytes);
  throw error;
}

async function readAll(store: BlobStore, key: string, range?: ByteRange): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.read(key, range, never)) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

const missing = (store: BlobStore, key: string) =>
  expect(store.read(key, undefined, never)).rejects.toThrow(BlobMissing);

export function blobStoreContract(name: string, open: () => Promise<BlobStore>): void {
  test.each([0, 1, MiB - 1, MiB, MiB + 1, 3 * MiB + 17])(
    `${name}: %i bytes come back as they were written`,
    async (n) => {
      const store = await open();
      const key = blobKey();
      const bytes = sample(n);
      expect(await store.write(key, streamOf(bytes), never)).toEqual({ bytes: n });
      expect((await readAll(store, key)).equals(bytes)).toBe(true);
    },
  );

  test(`${name}: chunks of any size, empty ones too, make the same bytes`, async () => {
    const store = await open();
    const bytes = sample(5 * MiB);
    async function* uneven() {
      yield bytes.subarray(0, 0);
      yield bytes.subarray(0, 1);
      yield bytes.subarray(1, 4 * MiB);
      yield bytes.subarray(0, 0);
      yield bytes.subarray(4 * MiB);
    }
    const key = blobKey();
    expect(await store.write(key, uneven(), never)).toEqual({ bytes: bytes.length });
    expect((await readAll(store, key)).equals(bytes)).toBe(true);
  });

  test(`${name}: a range gives exactly its bytes, both ends included, cut to the end of the file`, async () => {
    const store = await open();
    const key = blobKey();
    const bytes = sample(MiB + 5);
    await store.write(key, streamOf(bytes), never);
    const last = bytes.length - 1;
    for (const [start, end] of [
      [0, 0],
      [0, last],
      [last, last],
      [300_000, 900_000],
      [last - 1, last + 1000],
    ] as const) {
      const expected = bytes.subarray(start, end + 1);
      expect((await readAll(store, key, { start, end })).equals(expected), `${start}-${end}`).toBe(true);
    }
  });

  test(`${name}: what was never written is missing, and says so before any byte`, async () => {
    await missing(await open(), blobKey());
  });

  test(`${name}: a write whose source fails half-way leaves nothing`, async () => {
    const store = await open();
    const key = blobKey();
    const cut = new Error('the carrier hung up');
    await expect(store.write(key, thenFail(sample(3 * MiB), cut), never)).rejects.toBe(cut);
    await missing(store, key);
  });

  test(`${name}: a write that is aborted half-way leaves nothing and stops its source`, async () => {
    const store = await open();
    const key = blobKey();
    const stop = new AbortController();
    const reason = new Error('stopping');
    let stopped = false;
    async function* source() {
      try {
        yield sample(2 * MiB);
        stop.abort(reason);
        yield sample(1);
        yield sample(1);
      } finally {
        stopped = true;
      }
    }
    await expect(store.write(key, source(), stop.signal)).rejects.toBe(reason);
    await missing(store, key);
    expect(stopped).toBe(true);
  });

  test(`${name}: an abort is heard though the source gives nothing more`, async () => {
    const store = await open();
    const key = blobKey();
    const stop = new AbortController();
    const silent = Promise.withResolvers<void>();
    async function* source() {
      yield sample(100);
      silent.resolve();
      await new Promise<never>(() => {});
    }
    const writing = store.write(key, source(), stop.signal);
    const failed = expect(writing).rejects.toThrow('stopping');
    await silent.promise;
    stop.abort(new Error('stopping'));
    await failed;
    await missing(store, key);
  });

  test(`${name}: a write with a signal that has fired does not begin`, async () => {
    const store = await open();
    const key = blobKey();
    await expect(store.write(key, streamOf(sample(10)), AbortSignal.abort(new Error('stopping')))).rejects.toThrow();
    await missing(store, key);
  });

  test(`${name}: nothing is to be seen before it is whole`, async () => {
    const store = await open();
    const key = blobKey();
    const looked = Promise.withResolvers<void>();
    const wrote = Promise.withResolvers<void>();
    const bytes = sample(5 * MiB);
    async function* source() {
      yield bytes;
      wrote.resolve();
      await looked.promise;
    }
    const writing = store.write(key, source(), never);
    await wrote.promise;
    await missing(store, key);
    looked.resolve();
    await writing;
    expect((await readAll(store, key)).equals(bytes)).toBe(true);
  });

  test(`${name}: writes at the same time do not touch each other`, async () => {
    const store = await open();
    const writes = Array.from({ length: 40 }, (_, n) => ({ key: blobKey(), bytes: sample(20_000 + n * 1_000) }));
    await Promise.all(writes.map(({ key, bytes }) => store.write(key, streamOf(bytes, 999), never)));
    for (const { key, bytes } of writes) expect((await readAll(store, key)).equals(bytes)).toBe(true);
  });

  test(`${name}: what was removed is missing, removing it again is no error, and its neighbour stays`, async () => {
    const store = await open();
    const [key, neighbour] = [blobKey(), blobKey()];
    await store.write(key, streamOf(sample(10)), never);
    await store.write(neighbour, streamOf(sample(20)), never);
    await store.remove(key);
    await store.remove(key);
    await store.remove(blobKey());
    await missing(store, key);
    expect(await readAll(store, neighbour)).toEqual(sample(20));
  });

  test(`${name}: a read ends when it is aborted and when its reader has seen enough`, async () => {
    const store = await open();
    const key = blobKey();
    await store.write(key, streamOf(sample(3 * MiB)), never);
    const stop = new AbortController();
    const cut = async () => {
      for await (const _ of await store.read(key, undefined, stop.signal)) stop.abort(new Error('the client left'));
    };
    await expect(cut()).rejects.toThrow('the client left');
    await expect(store.read(key, undefined, stop.signal)).rejects.toThrow('the client left');
    let seen = 0;
    for await (const chunk of await store.read(key, undefined, never)) {
      seen += chunk.length;
      break;
    }
    expect(seen).toBeGreaterThan(0);
    expect((await readAll(store, key)).length).toBe(3 * MiB);
  });

  const app = newId('app', 0, new Uint8Array(16));
  const blob = newId('blob', 0, new Uint8Array(16));
  test.each([
    '',
    'photo.jpg',
    '../../etc/passwd',
    '/etc/passwd',
    app,
    `${app}/`,
    `${app}/../${blob}`,
    `${app}/${blob}/more`,
    `${app}/${blob}\0`,
    `${app}/${blob}\n`,
    `${blob}/${app}`,
    `${app}\\${blob}`,
  ])(`${name}: %j is no key, for any operation`, async (key) => {
    const store = await open();
    await expect(store.write(key, streamOf(sample(1)), never)).rejects.toThrow('not the key');
    await expect(store.read(key, undefined, never)).rejects.toThrow('not the key');
    await expect(store.remove(key)).rejects.toThrow('not the key');
  });

  test(`${name}: 64 MiB pass through in little memory, and their sha256 is the same on both sides`, async () => {
    const store = await open();
    const key = blobKey();
    const chunk = 64 * 1024;
    // Only what is still referred to counts, so garbage is collected before each look; some of it stays until the next.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = (): number => {
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    const before = held();
    let most = 0;
    const look = (passed: number) => {
      if (passed % (4 * MiB) === 0) most = Math.max(most, held() - before);
    };

    const sent = createHash('sha256');
    async function* source() {
      for (let passed = 0; passed < 64 * MiB; passed += chunk) {
        look(passed);
        const bytes = Buffer.allocUnsafeSlow(chunk).fill(passed / chunk);
        bytes.writeUInt32BE(passed);
        sent.update(bytes);
        yield bytes;
      }
    }
    await store.write(key, source(), never);

    const received = createHash('sha256');
    let passed = 0;
    for await (const bytes of await store.read(key, undefined, never)) {
      received.update(bytes);
      passed += bytes.length;
      look(passed);
    }
    expect(received.digest('hex')).toBe(sent.digest('hex'));
    expect(most).toBeLessThan(16 * MiB);
  });

  test.each([1, 3, 100])(
    `${name}: in pages of %i every object is listed once, with the time of its writing`,
    async (limit) => {
      const store = await open();
      expect(await store.list(null, limit)).toEqual({ objects: [], next: null });
      const before = Date.now();
      const keys = Array.from({ length: 10 }, blobKey);
      for (const key of keys) await store.write(key, streamOf(sample(3)), never);
      const after = Date.now();

      const listed: StoredObject[] = [];
      let next: string | null = null;
      do {
        const page = await store.list(next, limit);
        expect(page.objects.length).toBeLessThanOrEqual(limit);
        listed.push(...page.objects);
        next = page.next;
      } while (next !== null);
      expect(listed.map(({ key }) => key).sort()).toEqual([...keys].sort());
      for (const { writtenAt } of listed) {
        // Some stores tell whole seconds.
        expect(writtenAt).toBeGreaterThanOrEqual(before - 1000);
        expect(writtenAt).toBeLessThanOrEqual(after + 1000);
      }
    },
  );

  test(`${name}: what is removed while it is listed stops nobody, and what stays is listed`, async () => {
    const store = await open();
    const keys = Array.from({ length: 6 }, blobKey);
    for (const key of keys) await store.write(key, streamOf(sample(3)), never);
    const first = await store.list(null, 2);
    await Promise.all(first.objects.map(({ key }) => store.remove(key)));
    const rest = await store.list(first.next, 100);
    expect([...first.objects, ...rest.objects].map(({ key }) => key).sort()).toEqual([...keys].sort());
    expect(rest.next).toBeNull();
  });

  test(`${name}: it says how much is free, as a share`, async () => {
    const free = await (await open()).free();
    expect(free).toBeGreaterThan(0);
    expect(free).toBeLessThanOrEqual(1);
  });

  test(`${name}: a probe of a working store succeeds, many at a time`, async () => {
    const store = await open();
    await Promise.all([store.probe(), store.probe(), store.probe()]);
  });
}
