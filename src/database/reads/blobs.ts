import { sql } from 'kysely';
import type { Id } from '../../core/ids.ts';
import type { KeptBlob, Page, PageRequest } from '../../core/records.ts';
import { cursorAfter, keyOf } from '../cursor.ts';
import type { Access, Db } from '../schema.ts';
import { limitOf } from './page.ts';

/** @throws Fault invalid_cursor */
export async function listBlobs({ db }: Access, { page }: { page: PageRequest }): Promise<Page<KeptBlob>> {
  const limit = limitOf(page);
  const found = await db
    .selectFrom('blobs')
    .select(['key', 'object', 'sha256', 'size', 'state'])
    .where('key', '>', keyOf('blobs', page.cursor) ?? 0)
    .orderBy('key')
    .limit(limit + 1)
    .execute();
  const looked = found.slice(0, limit);
  // Looked over here rather than asked for, or an engine would sort all that are live. Few are not.
  const rows = looked.filter(({ state }) => state === 'live');
  const media = await referringTo(
    db,
    rows.map(({ key }) => key),
  );
  const ofBlob = Map.groupBy(media, ({ blob_key }) => blob_key);
  return {
    rows: rows.map(({ key, object, sha256, size }) => ({
      blob: object,
      sha256,
      size,
      media: (ofBlob.get(key) ?? []).map(({ id, app_id, deadline, from_carrier }) => ({
        id: id as Id<'media'>,
        appId: app_id as Id<'app'>,
        deadline,
        fromCarrier: from_carrier === 1,
      })),
    })),
    next: found.length > limit ? cursorAfter('blobs', looked.at(-1)?.key ?? 0) : null,
  };
}

async function referringTo(db: Db, blobs: readonly number[]) {
  if (blobs.length === 0) return [];
  return await db
    .selectFrom('media')
    .innerJoin('apps', 'apps.key', 'media.app_key')
    .leftJoin('channels', 'channels.key', 'media.channel_key')
    .select(['media.id', 'media.blob_key', 'media.deadline', 'apps.id as app_id'])
    .select(sql<number>`case when channels.state <> 'destroyed' then 1 else 0 end`.as('from_carrier'))
    .where('media.blob_key', 'in', blobs)
    .orderBy('media.key')
    .execute();
}

/** Added up from what triggers count, so that it costs the same however much is stored. */
export async function storage({ db }: Access): Promise<{ objects: number; bytes: number; savedBytes: number }> {
  // Sums of whole numbers are of a type without limits on some engines.
  const sum = (column: 'objects' | 'bytes' | 'referred') =>
    sql<number>`cast(coalesce(sum(${sql.ref(column)}), 0) as bigint)`;
  const { objects, bytes, referred } = await db
    .selectFrom('storage')
    .select([sum('objects').as('objects'), sum('bytes').as('bytes'), sum('referred').as('referred')])
    .executeTakeFirstOrThrow();
  return { objects, bytes, savedBytes: referred - bytes };
}
