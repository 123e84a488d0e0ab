// An object that is gone from the store, or holds other bytes than were written: found by whoever looks through the store.

import type { Millis } from '../../core/ids.ts';
import type { Media } from '../../core/model.ts';
import type { Access } from '../schema.ts';
import { mediaByKeys } from '../views/media.ts';
import { doomBlobs } from './blobs.ts';
import { emit } from './emit.ts';

export async function loseBlob(
  access: Access,
  { blob, reason, now }: { blob: string; reason: string; now: Millis },
): Promise<Media[]> {
  const { db, severalWriters } = access;
  const lost = await db
    .selectFrom('blobs')
    .select('key')
    .where('object', '=', blob)
    .where('state', '=', 'live')
    // From here on no capture takes it for its media.
    .$if(severalWriters, (query) => query.forUpdate())
    .executeTakeFirst();
  if (lost === undefined) return [];
  const rows = await db
    .selectFrom('media')
    .leftJoin('channels', 'channels.key', 'media.channel_key')
    .select(['media.key', 'media.app_key', 'media.message_key', 'media.channel_key', 'media.deadline'])
    .select('channels.state as channel_state')
    .where('media.blob_key', '=', lost.key)
    .orderBy('media.key')
    .$if(severalWriters, (query) => query.forUpdate('media'))
    .execute();
  const again = rows.flatMap(({ key, channel_key: lane, channel_state, deadline }) =>
    lane === null || channel_state === 'destroyed' || deadline <= now ? [] : [{ key, lane, deadline }],
  );
  const fetched = new Set(again.map(({ key }) => key));
  const gone = rows.filter(({ key }) => !fetched.has(key));
  const nothing = { blob_key: null, size: null, sha256: null, integrity: null, stored_at: null } as const;
  for (const { key, lane, deadline } of again) {
    await db
      .updateTable('media')
      .set({ ...nothing, state: 'pending', reason: null, state_at: now })
      .where('key', '=', key)
      .execute();
    await db
      .insertInto('jobs')
      .values({ kind: 'capture', state: 'ready', due_at: now, created_at: now, lane, subject: key, deadline })
      .execute();
  }
  for (const { key } of gone) {
    await db
      .updateTable('media')
      .set({ blob_key: null, state: 'unavailable', reason: JSON.stringify(reason), state_at: now })
      .where('key', '=', key)
      .execute();
  }
  await doomBlobs(access, [lost.key], now);
  const facts = gone.map(({ key, app_key, message_key }) => ({
    type: 'media.unavailable' as const,
    appKey: app_key,
    messageKey: message_key,
    mediaKey: key,
  }));
  await emit(access, facts, now);
  const media = await mediaByKeys(access, [...rows.map(({ key }) => key)]);
  return rows.flatMap(({ key }) => media.get(key) ?? []);
}
