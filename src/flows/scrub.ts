// Looking through everything that is kept, in steps that a caller paces: each reads about so many bytes and says where to
// go on. First every object that media refer to is read and held against its sha256; then every object of the store is
// looked up in the records.
//
// Files expire and are deleted at any moment, so what is found counts only when a media refers to the object afterwards,
// too. And where most of a step is damaged the storage itself is to blame: a volume that is not mounted must not cost the
// media that are on it, so nothing of that step is repaired.

import { createHash } from 'node:crypto';
import { BlobMissing, type BlobStore } from '../core/blob-store.ts';
import { Fault, invalid } from '../core/faults.ts';
import type { Clock, Id } from '../core/ids.ts';
import type { LossReason } from '../core/reasons.ts';
import type { KeptBlob, Records } from '../core/records.ts';
import type { MediaState } from '../core/states.ts';

export type ScrubRequest = {
  /** Where the step before ended; null: from the start. */
  cursor: string | null;
  /** About how many bytes to read; a file is always read whole. */
  bytes: number;
  /** Whether lost media are fetched again or given up, and objects that no row knows are removed. */
  repair: boolean;
};

export type Damage = {
  object: string;
  size: number;
  is: LossReason;
  /** Those that refer to it; after a repair `pending` ones are fetched again. */
  media: { id: Id<'media'>; appId: Id<'app'>; state: MediaState }[];
};

export type ScrubStep = {
  /** Files that were read, and their bytes. */
  files: number;
  bytes: number;
  /** Objects of the store that were looked up. */
  objects: number;
  damage: Damage[];
  /** Objects older than a day that no row knows. */
  orphans: string[];
  /** Where to go on; null: everything was looked at. */
  next: string | null;
};

export type Scrub = (request: ScrubRequest, signal: AbortSignal) => Promise<ScrubStep>;

export type ScrubParts = {
  records: Pick<Records, 'listBlobs' | 'loseBlob' | 'media' | 'unknownObjects' | 'doomOrphans'>;
  /** The store itself, not what memory holds of it. */
  blobs: Pick<BlobStore, 'read' | 'list' | 'remove'>;
  clock: Clock;
  onWork(): void;
  onError(error: unknown, about: string): void;
};

const pageObjects = 1000;
const leftAloneMs = 24 * 3_600_000;
/** A step ends after this time even when it has read less than it may. */
const stepMs = 20_000;
/** From so many damaged files on, the share of them in a step counts. */
const many = 20;

/** Each call is one step. @throws Fault invalid_request for a cursor that is none, move_refused where the storage itself seems damaged */
export function scrubbing({ records, blobs, clock, onWork, onError }: ScrubParts): Scrub {
  async function readFiles(from: string | null, request: ScrubRequest, signal: AbortSignal): Promise<ScrubStep> {
    const step = { files: 0, bytes: 0, objects: 0, orphans: [] };
    const damaged: { kept: KeptBlob; is: LossReason }[] = [];
    const until = clock.now() + stepMs;
    let at = from;
    do {
      // One at a time: a page could be larger than what may be read.
      const { rows, next } = await records.listBlobs({ page: { limit: 1, cursor: at } });
      for (const kept of rows) {
        const is = await damageOf(kept, signal);
        if (is !== undefined && (await isWanted(kept))) damaged.push({ kept, is });
        step.files++;
        step.bytes += kept.size;
      }
      at = next;
    } while (at !== null && step.bytes < request.bytes && clock.now() < until);

    if (request.repair && damaged.length >= many && damaged.length > step.files / 2) {
      throw new Fault('move_refused', {
        detail: `${damaged.length} of ${step.files} files are missing or damaged: is the storage mounted? Nothing of them was repaired.`,
      });
    }
    const damage: Damage[] = [];
    for (const { kept, is } of damaged) damage.push(request.repair ? await lose(kept, is) : told(kept, is));
    return { ...step, damage, next: at === null ? 'store' : `files:${at}` };
  }

  /** Reads an object to its end; undefined when it holds what it should. */
  async function damageOf(kept: KeptBlob, signal: AbortSignal): Promise<LossReason | undefined> {
    try {
      const hash = createHash('sha256');
      for await (const chunk of await blobs.read(kept.blob, undefined, signal)) hash.update(chunk);
      return hash.digest('hex') === kept.sha256 ? undefined : 'file_corrupt';
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BlobMissing) return 'file_missing';
      onError(error, `read ${kept.blob}`);
      return 'file_unreadable';
    }
  }

  async function isWanted({ blob, media }: KeptBlob): Promise<boolean> {
    for (const { id } of media) {
      const now = await records.media({ reach: { kind: 'instance' }, id });
      if (now?.state === 'stored' && now.blob === blob) return true;
    }
    return false;
  }

  const told = ({ blob, size, media }: KeptBlob, is: LossReason): Damage => ({
    object: blob,
    size,
    is,
    media: media.map(({ id, appId }) => ({ id, appId, state: 'stored' })),
  });

  async function lose({ blob, size }: KeptBlob, is: LossReason): Promise<Damage> {
    const media = await records.loseBlob({ blob, reason: is, now: clock.now() });
    onWork();
    return { object: blob, size, is, media: media.map(({ id, appId, state }) => ({ id, appId, state })) };
  }

  async function lookUpObjects(from: string | null, { repair }: ScrubRequest): Promise<ScrubStep> {
    const { objects, next } = await blobs.list(from, pageObjects);
    const now = clock.now();
    // Younger ones may be on their way into the records.
    const old = objects.filter(({ writtenAt }) => writtenAt <= now - leftAloneMs).map(({ key }) => key);
    const orphans = old.length === 0 ? [] : await records.unknownObjects({ objects: old });
    if (repair && orphans.length > 0) {
      const { ownerless } = await records.doomOrphans({ objects: orphans, now });
      for (const key of ownerless) await blobs.remove(key);
      onWork();
    }
    return {
      files: 0,
      bytes: 0,
      objects: objects.length,
      damage: [],
      orphans,
      next: next === null ? null : `store:${next}`,
    };
  }

  return async (request, signal) => {
    const [, part = 'files', at = null] = /^(files|store)(?::(.+))?$/.exec(request.cursor ?? 'files') ?? ['', ''];
    switch (part) {
      case 'files':
        return await readFiles(at, request, signal);
      case 'store':
        return await lookUpObjects(at, request);
      default:
        throw invalid('body.cursor', 'is none of a scrub');
    }
  };
}
