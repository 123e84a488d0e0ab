// Bytes in a folder of this machine.
//
//   {root}/tmp/{chance}                            being written
//   {root}/{00…ff}/{app id}.{blob id}              whole; the shard is the first byte of the key's sha256
//
// An object appears by a rename after its bytes are synced, and the write resolves after its shard is synced: whoever
// sees an object sees all of it, also after the power failed. One process owns the folder (its data folder is locked),
// so whatever lies in tmp when it opens belongs to a process that is gone.

import { createHash, randomUUID } from 'node:crypto';
import { closeSync, fsync, openSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BlobMissing, type BlobStore, type StoredObject } from '../core/blob-store.ts';
import type { PassFailpoint } from '../core/failpoints.ts';
import { isId, newId } from '../core/ids.ts';
import { fileBytes } from './file-bytes.ts';
import { filePart, mostOfPart } from './file-part.ts';
import { writeCoalesced } from './write-coalesced.ts';

const fsynced = promisify(fsync);
const shards = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Opens the store, making what is missing of its folders. @throws when the folder cannot be made or written */
export async function diskStore(root: string, pass?: PassFailpoint): Promise<BlobStore> {
  const temporary = join(root, 'tmp');
  await prepare(root, temporary);

  const pathOf = (key: string): string => {
    const [app = '', blob = '', ...more] = key.split('/');
    // Only ids of our own making become part of a path.
    if (!isId('app', app) || !isId('blob', blob) || more.length > 0) throw new Error('this is not the key of a blob');
    const shard = createHash('sha256').update(key).digest('hex').slice(0, 2);
    return join(root, shard, `${app}.${blob}`);
  };

  const store: BlobStore = {
    async write(key, body, signal) {
      const path = pathOf(key);
      const draft = join(temporary, randomUUID());
      let place = draft;
      try {
        const file = await open(draft, 'wx', 0o600);
        let bytes: number;
        try {
          bytes = await writeCoalesced(file, body, signal);
          await file.sync();
        } finally {
          await file.close();
        }
        pass?.('after_temp_file');
        signal.throwIfAborted();
        await rename(draft, path);
        place = path;
        await syncFolder(dirname(path));
        return { bytes };
      } catch (error) {
        // Why the write failed is what matters; a draft that even resists removal goes when the store is opened next.
        await rm(place, { force: true }).catch(() => {});
        throw error;
      }
    },

    async read(key, range, signal) {
      const path = pathOf(key);
      signal.throwIfAborted();
      try {
        if (range === undefined || range.end - range.start >= mostOfPart)
          return await fileBytes(await open(path, 'r'), range, signal);
        return oneChunk(await filePart(path, range, signal));
      } catch (error) {
        throw isMissing(error) ? new BlobMissing(`no blob ${key}`, { cause: error }) : error;
      }
    },

    async remove(key) {
      const path = pathOf(key);
      await rm(path, { force: true });
      // Without this an object could come back after a power failure, with nothing left that knows of it.
      await syncFolder(dirname(path));
    },

    async list(after, limit) {
      const [afterShard = '', afterName = ''] = after?.split('/') ?? [];
      const objects: StoredObject[] = [];
      let next: string | null = null;
      for (const shard of shards.filter((name) => name >= afterShard)) {
        for (const name of (await readdir(join(root, shard))).sort()) {
          if (shard === afterShard && name <= afterName) continue;
          if (objects.length === limit) return { objects, next };
          const key = keyOf(name);
          // It may have been removed since the folder was read.
          const facts = await stat(join(root, shard, name)).catch(undefinedIfMissing);
          if (key === undefined || facts === undefined) continue;
          objects.push({ key, writtenAt: facts.mtimeMs });
          next = `${shard}/${name}`;
        }
      }
      return { objects, next: null };
    },

    async free() {
      const { bavail, blocks } = await statfs(root);
      return blocks === 0 ? 1 : bavail / blocks;
    },

    async probe() {
      const key = `${newId('app', 0)}/${newId('blob', 0)}`;
      const { signal } = new AbortController();
      const sent = Buffer.from(key);
      try {
        await store.write(key, oneChunk(sent), signal);
        const seen: Uint8Array[] = [];
        for await (const chunk of await store.read(key, undefined, signal)) seen.push(Uint8Array.from(chunk));
        if (!Buffer.concat(seen).equals(sent))
          throw new Error('the folder of blobs gave other bytes than it was given');
      } finally {
        await store.remove(key);
      }
    },
  };
  return store;
}

async function prepare(root: string, temporary: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  await syncFolder(dirname(root));
  for (const name of await readdir(temporary).catch(noneIfMissing)) {
    await rm(join(temporary, name), { recursive: true, force: true });
  }
  const folders = [temporary, ...shards.map((shard) => join(root, shard))];
  await Promise.all(
    folders.map(async (folder) => {
      const made = await mkdir(folder, { recursive: true, mode: 0o700 });
      if (made !== undefined) await syncFolder(folder);
    }),
  );
  await syncFolder(root);
}

/**
 * Makes the entries of a folder durable, names that went as well as names that came. A folder in which a name was just
 * changed is known to the system: only its sync waits for the disk, and only that goes to the thread pool.
 */
async function syncFolder(path: string): Promise<void> {
  const folder = openSync(path, 'r');
  try {
    await fsynced(folder);
  } finally {
    closeSync(folder);
  }
}

/** The key of an object by its file's name; undefined: the file is not ours. */
function keyOf(name: string): string | undefined {
  const [app = '', blob = '', ...more] = name.split('.');
  return isId('app', app) && isId('blob', blob) && more.length === 0 ? `${app}/${blob}` : undefined;
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  if (chunk.length > 0) yield chunk;
}
