import { expect, test } from 'vitest';
import { blobKey, streamOf } from '../../test/contracts/blob-store.ts';
import { BlobMissing, type BlobStore } from '../core/blob-store.ts';
import { withRecent } from './recent.ts';

const never = new AbortController().signal;
const kibibyte = 1024;

/** A store that keeps nothing but counts, so that whatever is read comes from memory. */
function forgetful() {
  const asked: string[] = [];
  const store: BlobStore = {
    async write(_key, body) {
      let bytes = 0;
      for await (const chunk of body) bytes += chunk.length;
      return { bytes };
    },
    read(key) {
      asked.push(key);
      return Promise.reject(new BlobMissing(key));
    },
    remove: () => Promise.resolve(),
    list: () => Promise.resolve({ objects: [], next: null }),
    free: () => Promise.resolve(1),
    probe: () => Promise.resolve(),
  };
  return { store, asked };
}

async function write(store: BlobStore, size: number): Promise<{ key: string; bytes: Buffer }> {
  const key = blobKey();
  const bytes = Buffer.alloc(size, key);
  await store.write(key, streamOf(bytes), never);
  return { key, bytes };
}

async function isHeld(store: BlobStore, { key, bytes }: { key: string; bytes: Buffer }): Promise<boolean> {
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await store.read(key, undefined, never)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(BlobMissing);
    return false;
  }
}

test('a file that was just written is read without asking the store', async () => {
  const { store, asked } = forgetful();
  const recent = withRecent(store, 1024 * kibibyte);
  const written = await write(recent, 256 * kibibyte);
  expect(await isHeld(recent, written)).toBe(true);
  expect(recent.held(written.key)).toEqual(written.bytes);
  expect(asked).toEqual([]);
});

test('a file of more than 256 KiB is not held', async () => {
  const recent = withRecent(forgetful().store, 1024 * kibibyte);
  expect(await isHeld(recent, await write(recent, 256 * kibibyte + 1))).toBe(false);
});

test('the oldest files make room, so that all together stay within the bound', async () => {
  const recent = withRecent(forgetful().store, 300 * kibibyte);
  const files = [];
  for (let file = 0; file < 4; file++) files.push(await write(recent, 100 * kibibyte));
  const held = [];
  for (const file of files) held.push(await isHeld(recent, file));
  expect(held).toEqual([false, true, true, true]);
});

test('a file that was removed is held no longer, and neither is one whose write failed', async () => {
  const { store } = forgetful();
  const recent = withRecent(store, 1024 * kibibyte);
  const removed = await write(recent, 10);
  await recent.remove(removed.key);
  expect(await isHeld(recent, removed)).toBe(false);
  const failing = withRecent({ ...store, write: () => Promise.reject(new Error('the disk is full')) }, kibibyte);
  const key = blobKey();
  await expect(failing.write(key, streamOf(Buffer.from('a')), never)).rejects.toThrow('the disk is full');
  expect(await isHeld(failing, { key, bytes: Buffer.alloc(0) })).toBe(false);
});

test('nothing is held where nothing may be', async () => {
  const recent = withRecent(forgetful().store, 0);
  expect(await isHeld(recent, await write(recent, 1))).toBe(false);
});
