import { sql } from 'kysely';
import type { Millis } from '../../core/ids.ts';
import type { Media, Reach } from '../../core/model.ts';
import type { Moved } from '../../core/records.ts';
import { mayMove, mediaMoves } from '../../core/states.ts';
import { keyWithin } from '../reads/reach.ts';
import type { Access, MediaDetails } from '../schema.ts';
import { mediaByKeys } from '../views/media.ts';
import { doomBlobs } from './blobs.ts';
import { emit } from './emit.ts';

type Named = { reach: Reach; id: string; now: Millis };

/** What a tombstone keeps of what strangers said of a media: nothing. */
export const erasedDetails: MediaDetails = {
  caption: null,
  fileName: null,
  declaredType: null,
  declaredSha256: null,
  declaredSize: null,
  servedType: null,
  sniffedType: null,
  type: null,
  source: {},
};

export async function retryMedia(access: Access, { reach, id, now }: Named): Promise<Moved<Media>> {
  const row = await rowOf(access, reach, id);
  if (row === undefined) return undefined;
  const { key, channel_key: lane, deadline } = row;
  const unfetched = row.state === 'unavailable' || row.state === 'remote';
  const changed =
    unfetched && lane !== null && row.channel_state !== 'destroyed' && mayMove(mediaMoves, row.state, 'pending');
  if (changed) {
    await access.db
      .updateTable('media')
      .set({ state: 'pending', reason: null, state_at: now })
      .where('key', '=', key)
      .execute();
    const job = { kind: 'capture', state: 'ready', due_at: now, created_at: now } as const;
    await access.db
      .insertInto('jobs')
      .values({ ...job, lane, subject: key, deadline })
      .execute();
  }
  return await moved(access, key, changed);
}

export async function askMedia(access: Access, { reach, id, now }: Named): Promise<Moved<Media>> {
  const row = await rowOf(access, reach, id);
  if (row === undefined) return undefined;
  const { key, app_key: appKey, message_key: messageKey } = row;
  if (row.state === 'unavailable' || row.state === 'remote') await retryMedia(access, { reach, id, now });
  const [media] = (await mediaByKeys(access, [key])).values();
  if (media?.state === 'pending') {
    await access.db
      .updateTable('media')
      .set(({ eb }) => ({ askers: eb('askers', '+', 1) }))
      .where('key', '=', key)
      .execute();
  } else {
    await emit(access, [{ type: 'media.answered', appKey, messageKey, mediaKey: key }], now);
  }
  return await moved(access, key, media?.state === 'pending' || media?.state === 'stored');
}

/** Answers everybody who asked for the file of a media, now that it is known what became of it. */
export async function answerAskers(
  access: Access,
  media: { key: number; app_key: number; message_key: number | null; askers: number },
  now: Millis,
): Promise<void> {
  if (media.askers === 0) return;
  await access.db.updateTable('media').set({ askers: 0 }).where('key', '=', media.key).execute();
  const { key: mediaKey, app_key: appKey, message_key: messageKey } = media;
  const fact = { type: 'media.answered', appKey, messageKey, mediaKey } as const;
  await emit(access, Array<typeof fact>(media.askers).fill(fact), now);
}

export async function deleteMedia(access: Access, { reach, id, now }: Named): Promise<Moved<Media>> {
  const { db } = access;
  const row = await rowOf(access, reach, id);
  if (row === undefined) return undefined;
  const { key, app_key: appKey, message_key: messageKey } = row;
  const changed = row.channel_state !== 'destroyed' && mayMove(mediaMoves, row.state, 'deleted');
  if (changed) {
    await db
      .updateTable('media')
      .set({ state: 'deleted', reason: null, state_at: now, details: JSON.stringify(erasedDetails), blob_key: null })
      .where('key', '=', key)
      .execute();
    await db.deleteFrom('jobs').where('kind', '=', 'capture').where('subject', '=', key).execute();
    await doomBlobs(access, row.blob_key === null ? [] : [row.blob_key], now);
    await emit(access, [{ type: 'media.deleted', appKey, messageKey, mediaKey: key }], now);
    if (row.state === 'pending' && messageKey !== null) await releaseHeld(access, messageKey, now);
    await answerAskers(access, row, now);
  }
  return await moved(access, key, changed);
}

async function rowOf(access: Access, reach: Reach, id: string) {
  const key = await keyWithin(access, 'media', reach, id);
  if (key === undefined) return undefined;
  return await access.db
    .selectFrom('media')
    .leftJoin('channels', 'channels.key', 'media.channel_key')
    .select([
      'media.key',
      'media.app_key',
      'media.channel_key',
      'media.message_key',
      'media.state',
      'media.blob_key',
      'media.deadline',
      'media.askers',
    ])
    .select('channels.state as channel_state')
    .where('media.key', '=', key)
    .$if(access.severalWriters, (query) => query.forUpdate('media'))
    .executeTakeFirst();
}

async function moved(access: Access, key: number, changed: boolean): Promise<Moved<Media>> {
  const media = (await mediaByKeys(access, [key])).get(key);
  return media && { changed, row: media };
}

/** What was held for the captures of a message goes out when none is pending any more. */
async function releaseHeld({ db }: Access, messageKey: number, now: Millis): Promise<void> {
  const pending = await db
    .selectFrom('media')
    .select('key')
    .where('message_key', '=', messageKey)
    .where('state', '=', 'pending')
    .limit(1)
    .executeTakeFirst();
  if (pending !== undefined) return;
  const unsent = await db
    .selectFrom('deliveries')
    .innerJoin('events', 'events.key', 'deliveries.event_key')
    .select('deliveries.key')
    .where('deliveries.message_key', '=', messageKey)
    .where('deliveries.state', '=', sql.lit('pending'))
    .where('deliveries.attempts', '=', 0)
    .where('events.type', 'in', ['message.received', 'message.echoed'])
    .execute();
  if (unsent.length === 0) return;
  const keys = unsent.map((row) => row.key);
  await db
    .updateTable('jobs')
    .set({ state: 'ready', due_at: now })
    .where('kind', '=', 'deliver')
    .where('subject', 'in', keys)
    .where('state', '=', 'waiting')
    .execute();
}
