// A blob is removed in two commits. In the first it is doomed: nothing refers to it, so nothing ever will, and a job to
// remove its object is queued. The second, after the object is gone, deletes the row. A capture that brings the same
// bytes in between finds no live blob and keeps an object of its own, so no removal can hit a file that is wanted.

import type { Millis } from '../../core/ids.ts';
import { unknownObjects } from '../reads/unknown-objects.ts';
import type { Access } from '../schema.ts';

/** Dooms those of the blobs that no media refers to any more. */
export async function doomBlobs({ db, severalWriters }: Access, keys: readonly number[], now: Millis): Promise<void> {
  if (keys.length === 0) return;
  // A capture that is just taking one of them for its media holds it; only a query that begins after that sees the media.
  if (severalWriters)
    await db.selectFrom('blobs').select('key').where('key', 'in', keys).orderBy('key').forUpdate().execute();
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
  await queueRemovals({ db }, doomed, now);
}

/** Dooms objects that no row knows, each by a row of its own. Its object is unique, so no capture can take it any more. */
export async function doomOrphans(
  { db }: Access,
  { objects, now }: { objects: string[]; now: Millis },
): Promise<{ doomed: number; ownerless: string[] }> {
  const orphans = await unknownObjects({ db }, { objects });
  if (orphans.length === 0) return { doomed: 0, ownerless: [] };
  const owners = await db
    .selectFrom('apps')
    .select(['key', 'id'])
    .where('id', 'in', [...new Set(orphans.map(ownerOf))])
    .execute();
  const keyOf = new Map(owners.map(({ id, key }) => [id, key]));
  const values = orphans.flatMap((object) => {
    const app_key = keyOf.get(ownerOf(object));
    return app_key === undefined
      ? []
      : [{ app_key, object, sha256: '', size: 0, state: 'doomed' as const, created_at: now }];
  });
  const doomed =
    values.length === 0
      ? []
      : await db
          .insertInto('blobs')
          .values(values)
          .onConflict((conflict) => conflict.column('object').doNothing())
          .returning(['key', 'app_key'])
          .execute();
  await queueRemovals({ db }, doomed, now);
  return { doomed: doomed.length, ownerless: orphans.filter((object) => !keyOf.has(ownerOf(object))) };
}

/** The app in an object's key. */
const ownerOf = (object: string): string => object.split('/')[0] ?? '';

async function queueRemovals(
  { db }: Pick<Access, 'db'>,
  doomed: readonly { key: number; app_key: number }[],
  now: Millis,
): Promise<void> {
  if (doomed.length === 0) return;
  const job = { kind: 'remove', state: 'ready', due_at: now, created_at: now } as const;
  await db
    .insertInto('jobs')
    .values(doomed.map(({ key, app_key }) => ({ ...job, lane: app_key, subject: key })))
    .execute();
}
