import { type SqlBool, sql } from 'kysely';
import { doomBlobs } from '../administration/blobs.ts';
import { emit } from '../administration/emit.ts';
import { followedMs, isHard, prolongedMs, retentionMs } from '../retention.ts';
import type { Step } from './step.ts';

/** Media whose retention, counted from its receipt, has ended, and that no delivery holds beyond it. */
export const expireMedia: Step = async (access, now, limit) => {
  const { db, settings } = access;
  const retention = retentionMs(settings);
  const rows = await db
    .selectFrom('apps')
    .leftJoin('organizations', 'organizations.key', 'apps.organization_key')
    // A cross join keeps the order: app by app, and in each the oldest media by index.
    .crossJoin('media')
    .select(['media.key', 'media.app_key', 'media.message_key', 'media.blob_key'])
    .where('apps.deleted_at', 'is', null)
    .whereRef('media.app_key', '=', 'apps.key')
    .where('media.state', 'in', ['remote', 'stored', 'unavailable'])
    .where('media.kept', '=', 0)
    .where(sql<SqlBool>`media.received_at <= ${sql.lit(now)} - ${retention}`)
    .where(sql<SqlBool>`(${isHard(settings)}
      or media.received_at <= ${sql.lit(now - prolongedMs)} - ${retention}
      or not exists (select 1 from deliveries
        where deliveries.message_key = media.message_key and (deliveries.state = 'pending' or deliveries.state = 'paused'
          or deliveries.state = 'delivered' and deliveries.state_at > ${sql.lit(now - followedMs)}
            and deliveries.state_at > media.received_at + ${retention})))`)
    .limit(limit)
    .$if(access.severalWriters, (query) => query.forUpdate('media').skipLocked())
    .execute();
  if (rows.length === 0) return 0;
  await db
    .updateTable('media')
    .set({ state: 'expired', reason: null, state_at: now, blob_key: null })
    .where(
      'key',
      'in',
      rows.map((row) => row.key),
    )
    .execute();
  await doomBlobs(access, [...new Set(rows.flatMap((row) => row.blob_key ?? []))], now);
  const facts = rows.map(({ key, app_key, message_key }) => ({
    type: 'media.expired' as const,
    appKey: app_key,
    messageKey: message_key,
    mediaKey: key,
  }));
  await emit(access, facts, now);
  return rows.length;
};
