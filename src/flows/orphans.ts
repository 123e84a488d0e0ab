// Objects that no row knows. A process that dies between writing a file and recording it leaves one behind; it costs room,
// not truth, so nobody hurries: a page of the store at each round, and only what has lain there for a day.
//
// An orphan is doomed by a commit before its object goes. Should a capture want to record it after all, it finds the
// object taken, fails and fetches the file again: no removal can hit a file that is wanted.

import type { BlobStore } from '../core/blob-store.ts';
import type { Clock } from '../core/ids.ts';
import type { Records } from '../core/records.ts';

export type OrphanReport = { removed: number };

export type OrphanParts = {
  records: Pick<Records, 'doomOrphans'>;
  blobs: Pick<BlobStore, 'list' | 'remove'>;
  clock: Clock;
  /** Called when some were found. */
  report(report: OrphanReport): void;
};

const pageObjects = 5000;
const leftAloneMs = 24 * 3_600_000;

/** @returns looks through the next page of the store; says whether removals were queued */
export function orphanSearch({ records, blobs, clock, report }: OrphanParts): () => Promise<boolean> {
  let after: string | null = null;
  return async () => {
    const now = clock.now();
    const { objects, next } = await blobs.list(after, pageObjects);
    after = next;
    const old = objects.filter(({ writtenAt }) => writtenAt <= now - leftAloneMs).map(({ key }) => key);
    if (old.length === 0) return false;
    const { doomed, ownerless } = await records.doomOrphans({ objects: old, now });
    for (const key of ownerless) await blobs.remove(key);
    if (doomed + ownerless.length > 0) report({ removed: doomed + ownerless.length });
    return doomed > 0;
  };
}
