// The carrier's own shelf: a folder with two files for each media, `{id}` with its bytes and, written after it, `{id}.json`
// with what is known about it. It outlives the process, because a gateway that was killed asks again for what it had not
// fetched. At Meta an id that was handed out in a webhook lives 7 days, that of an upload 30 (Meta, "Media"); another carrier
// says how long. Lives go by the clock that was passed in; what is past its life is removed when the next file comes.

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
export type MediaFacts = { type: string; fileName?: string; uploaded?: boolean; lifeMs?: Millis };

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
};

/** @param newId makes ids in the carrier's form, letters and digits */
export async function openShelf(folder: string, clock: Clock, newId = newMediaId): Promise<MediaShelf> {
  const pathOf = (id: string): string => join(folder, id);
  const factsOf = (id: string): string => join(folder, `${id}.json`);
  await mkdir(folder, { recursive: true });
  const shelf = new Map<string, KeptMedia>();
  for (const name of await readdir(folder)) {
    if (!/^[A-Za-z0-9]+\.json$/.test(name)) continue;
    const media: KeptMedia = JSON.parse(await readFile(join(folder, name), 'utf8'));
    shelf.set(media.id, media);
  }
  const remove = async (id: string): Promise<void> => {
    shelf.delete(id);
    await rm(factsOf(id), { force: true });
    await rm(pathOf(id), { force: true });
  };
  const isAlive = (media: KeptMedia): boolean => clock.now() < media.expiresAt;
  return {
    async keep(phoneNumberId, source, facts) {
      for (const media of shelf.values()) if (!isAlive(media)) await remove(media.id);
      const id = newId();
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
        expiresAt: clock.now() + (facts.lifeMs ?? (facts.uploaded === true ? uploadLifeMs : webhookLifeMs)),
      };
      // Renamed into place, because half a fact would stop the next start.
      await writeFile(`${factsOf(id)}.new`, JSON.stringify(media));
      await rename(`${factsOf(id)}.new`, factsOf(id));
      shelf.set(id, media);
      return media;
    },
    find(id) {
      const media = shelf.get(id);
      return media !== undefined && isAlive(media) ? media : undefined;
    },
    bytes: (media) => createReadStream(pathOf(media.id)),
    remove,
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
