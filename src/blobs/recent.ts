// Files that were written a moment ago, held in memory beside the store that keeps them: most are fetched once, moments
// after the application was told. The oldest make room for the newest; what is removed is forgotten first.

import type { BlobStore, ByteRange } from '../core/blob-store.ts';

/** Larger files are not held: reading them takes long enough that opening them does not count. */
const mostOfOne = 256 * 1024;

/** `held`: the whole file where it is in memory. */
export type RecentStore = BlobStore & { held(key: string): Uint8Array | undefined };

/** @param mostBytes of all held files together; 0: none is held */
export function withRecent(store: BlobStore, mostBytes: number): RecentStore {
  const held = new Map<string, Buffer>();
  let heldBytes = 0;

  function forget(key: string): void {
    heldBytes -= held.get(key)?.length ?? 0;
    held.delete(key);
  }

  function hold(key: string, bytes: Buffer): void {
    held.set(key, bytes);
    heldBytes += bytes.length;
    for (const oldest of held.keys()) {
      if (heldBytes <= mostBytes) return;
      forget(oldest);
    }
  }

  return {
    ...store,
    held: (key) => held.get(key),
    async write(key, body, signal) {
      const copy: Uint8Array[] = [];
      const written = await store.write(key, copied(body, copy, Math.min(mostOfOne, mostBytes)), signal);
      const bytes = Buffer.concat(copy);
      if (bytes.length > 0 && bytes.length === written.bytes) hold(key, bytes);
      return written;
    },
    async read(key, range, signal) {
      const bytes = held.get(key);
      if (bytes === undefined) return await store.read(key, range, signal);
      signal.throwIfAborted();
      return once(within(bytes, range));
    },
    async remove(key) {
      forget(key);
      await store.remove(key);
    },
  };
}

/** The same stream; `copy` holds all of it in the end, or nothing when it is longer than `most`. */
async function* copied(
  body: AsyncIterable<Uint8Array>,
  copy: Uint8Array[],
  most: number,
): AsyncGenerator<Uint8Array, void> {
  let seen = 0;
  for await (const chunk of body) {
    seen += chunk.length;
    // A chunk may be reused by its source once the next is asked for.
    if (seen <= most) copy.push(Uint8Array.from(chunk));
    else copy.length = 0;
    yield chunk;
  }
}

const within = (bytes: Buffer, range: ByteRange | undefined): Buffer =>
  range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
