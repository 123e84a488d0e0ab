// The carrier's own shelf. Bytes lie in a folder, one file per media; what is known about them lies in memory, because a
// sandbox lives no longer than its process. An id that was handed out in a webhook lives 7 days, that of an upload 30
// (Meta, "Media"), both by the clock that was passed in.

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clock, Millis } from '../core/ids.ts';
import { newMediaId } from './carrier-ids.ts';

const dayMs = 24 * 60 * 60 * 1000;
const webhookLifeMs = 7 * dayMs;
const uploadLifeMs = 30 * dayMs;

/** Where the bytes come from; they are streamed, never held whole. */
export type MediaSource = { path: string } | { bytes: AsyncIterable<Uint8Array> };

/** What the sender's phone says about a file. `uploaded`: by the business, so that its id lives longer. */
export type MediaFacts = { type: string; fileName?: string; uploaded?: boolean };

export type KeptMedia = {
  readonly id: string;
  readonly phoneNumberId: string;
  readonly type: string;
  readonly fileName: string | null;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly size: number;
  readonly expiresAt: Millis;
};

export type MediaShelf = {
  keep(phoneNumberId: string, source: MediaSource, facts: MediaFacts): Promise<KeptMedia>;
  /** undefined: never kept, removed, or past its life. */
  find(id: string): KeptMedia | undefined;
  bytes(media: KeptMedia): AsyncIterable<Uint8Array>;
  remove(id: string): Promise<void>;
  /** Removes every file that was put here, and nothing else from the folder. */
  clear(): Promise<void>;
};

export function mediaShelf(folder: string, clock: Clock): MediaShelf {
  const shelf = new Map<string, KeptMedia>();
  const pathOf = (id: string): string => join(folder, id);
  const remove = async (id: string): Promise<void> => {
    shelf.delete(id);
    await rm(pathOf(id), { force: true });
  };
  const isAlive = (media: KeptMedia): boolean => clock.now() < media.expiresAt;
  return {
    async keep(phoneNumberId, source, facts) {
      for (const media of shelf.values()) if (!isAlive(media)) await remove(media.id);
      await mkdir(folder, { recursive: true });
      const id = newMediaId();
      const { sha256, size } = await write(source, pathOf(id)).catch(async (cause: unknown) => {
        await remove(id);
        throw new Error('the sandbox could not keep a file', { cause });
      });
      const media: KeptMedia = {
        id,
        phoneNumberId,
        type: facts.type,
        fileName: facts.fileName ?? null,
        sha256,
        size,
        expiresAt: clock.now() + (facts.uploaded === true ? uploadLifeMs : webhookLifeMs),
      };
      shelf.set(id, media);
      return media;
    },
    find(id) {
      const media = shelf.get(id);
      return media !== undefined && isAlive(media) ? media : undefined;
    },
    bytes: (media) => createReadStream(pathOf(media.id)),
    remove,
    async clear() {
      for (const id of [...shelf.keys()]) await remove(id);
    },
  };
}

async function write(source: MediaSource, path: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const bytes = 'path' in source ? createReadStream(source.path) : source.bytes;
  async function* measured(): AsyncIterable<Uint8Array> {
    for await (const chunk of bytes) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  await pipeline(measured, createWriteStream(path, { flags: 'wx' }));
  return { sha256: hash.digest('hex'), size };
}
