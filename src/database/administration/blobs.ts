// A blob is removed in two commits. In the first it is doomed: nothing refers to it, so nothing ever will, and a job to
// remove its object is queued. The second, after the object is gone, deletes the row. A capture that brings the same
// bytes in between finds no live blob and keeps an object of its own, so no removal can hit a file that is wanted.

import type { Millis } from '../../core/ids.ts';
import type { Access } from '../schema.ts';

/** Dooms those of the blobs that no media refers to any more. */
export async function doomBlobs({ db }: Access, keys: readonly number[], now: Millis): Promise<void> {
  if (keys.length === 0) return;
  const doomed = await db
    .updateTable('blobs')
    .set({ state: 'doomed' })
    .where('key', 'in', keys)
    .where('state', '=', 'live')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('media').select('media.key').whereRef('media.blob_key', '=', 'blobs.key'))),
    )
    .returning(['key', 'app_key'])
    .execute();
  if (doomed.length === 0) return;
  const job = { kind: 'remove', state: 'ready', due_at: now, created_at: now } as const;
  await db
    .insertInto('jobs')
    .values(doomed.map(({ key, app_key }) => ({ ...job, lane: app_key, subject: key })))
    .execute();
}
