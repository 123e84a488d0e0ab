// Files that applications give. Their object is in the store already, so there is nothing to fetch and nobody to tell.

import { sql } from 'kysely';
import { type Millis, newId } from '../../core/ids.ts';
import type { Media, Reach } from '../../core/model.ts';
import type { NewUpload } from '../../core/records.ts';
import type { Access, MediaDetails } from '../schema.ts';
import { mediaByKeys } from '../views/media.ts';
import { appKey } from './apps.ts';

type Request = { reach: Reach; appId: string; now: Millis; upload: NewUpload };

export async function createUpload(
  access: Access,
  { reach, appId, now, upload }: Request,
): Promise<{ media: Media; drop: string | null } | undefined> {
  const { db } = access;
  const app = await appKey(access, reach, appId);
  if (app === undefined) return undefined;
  const { kind, fileName, declaredType, sniffedType, type, size, sha256, keep } = upload;
  const details: MediaDetails = {
    caption: null,
    fileName,
    declaredType,
    declaredSha256: null,
    declaredSize: null,
    servedType: null,
    sniffedType,
    type,
    source: {},
  };
  const { key } = await db
    .insertInto('media')
    .values({
      id: newId('media', now),
      app_key: app,
      part: 0,
      kind,
      state: 'stored',
      state_at: now,
      voice: 0,
      animated: 0,
      details: JSON.stringify(details),
      size,
      sha256,
      integrity: 'unchecked',
      kept: keep ? 1 : 0,
      received_at: now,
      stored_at: now,
      // No carrier has it.
      deadline: now,
    })
    .returning('key')
    .executeTakeFirstOrThrow();
  const blob = await blobOf(access, app, upload, now);
  // In a statement of its own: what media refers to is counted when that changes.
  await db.updateTable('media').set({ blob_key: blob.key }).where('key', '=', key).execute();
  const media = (await mediaByKeys(access, [key])).get(key);
  return media && { media, drop: blob.object === upload.blob ? null : upload.blob };
}

/** The blob of the app that has these bytes already, held against being doomed; else the one that was just written. */
async function blobOf(
  { db, severalWriters }: Access,
  app_key: number,
  { blob: object, sha256, size }: NewUpload,
  now: Millis,
): Promise<{ key: number; object: string }> {
  const known = await db
    .selectFrom('blobs')
    .select(['key', 'object'])
    .where('app_key', '=', app_key)
    .where('sha256', '=', sha256)
    .where('size', '=', size)
    .where('state', '=', sql.lit('live'))
    .$if(severalWriters, (query) => query.forShare())
    .executeTakeFirst();
  if (known !== undefined) return known;
  return await db
    .insertInto('blobs')
    .values({ app_key, object, sha256, size, state: 'live', created_at: now })
    .returning(['key', 'object'])
    .executeTakeFirstOrThrow();
}
