import { type InferResult, sql } from 'kysely';
import type { Millis } from '../../core/ids.ts';
import type { Media } from '../../core/model.ts';
import type { RecordsSettings } from '../../core/records.ts';
import { heldUntil, retentionRule } from '../retention.ts';
import type { Access, Db, MediaDetails } from '../schema.ts';
import { fromStored } from '../stored-json.ts';
import { byKey, type Keys } from './by-key.ts';

const selectMedia = (db: Db) =>
  db
    .selectFrom('media')
    .innerJoin('apps', 'apps.key', 'media.app_key')
    .leftJoin('organizations', 'organizations.key', 'apps.organization_key')
    .leftJoin('channels', 'channels.key', 'media.channel_key')
    .leftJoin('messages', 'messages.key', 'media.message_key')
    .leftJoin('blobs', 'blobs.key', 'media.blob_key')
    .select([
      'media.key',
      'media.id',
      'media.message_key',
      'media.part',
      'media.kind',
      'media.state',
      'media.reason',
      'media.state_at',
      'media.carrier_media_id',
      'media.voice',
      'media.animated',
      'media.thumbnail_of',
      'media.details',
      'media.size',
      'media.sha256',
      'media.integrity',
      'media.kept',
      'media.received_at',
      'media.stored_at',
      'media.deadline',
      'apps.id as app_id',
      'apps.dialect',
      'apps.media_retention_seconds',
      'apps.link_seconds',
      'organizations.media_retention_days',
      'channels.id as channel_id',
      'channels.state as channel_state',
      'channels.state_at as channel_state_at',
      'messages.id as message_id',
      'blobs.object as blob',
      sql<Millis | null>`(select max(created_at) from deliveries
        where message_key = media.message_key and (state = 'pending' or state = 'paused'))`.as('awaited_since'),
      sql<Millis | null>`(select max(state_at) from deliveries
        where message_key = media.message_key and state = 'delivered')`.as('delivered_at'),
    ]);

type MediaRow = InferResult<ReturnType<typeof selectMedia>>[number];

function toMedia(row: MediaRow, settings: RecordsSettings): Media {
  const details = JSON.parse(row.details) as MediaDetails;
  const { ms: retention } = retentionRule(row, settings);
  const ends = retention === null || row.kept === 1 ? null : row.received_at + retention;
  const hard = settings.dialectRetention[row.dialect]?.hard === true;
  const media: Media = {
    key: row.key,
    id: row.id as Media['id'],
    appId: row.app_id as Media['appId'],
    channelId: row.channel_id as Media['channelId'],
    messageId: row.message_id as Media['messageId'],
    part: row.part,
    kind: row.kind,
    state: row.state,
    reason: fromStored<string>(row.reason),
    stateAt: row.state_at,
    carrierMediaId: row.carrier_media_id,
    caption: details.caption,
    fileName: details.fileName,
    voice: row.voice === 1,
    animated: row.animated === 1,
    thumbnailOf: row.thumbnail_of,
    declaredType: details.declaredType,
    declaredSha256: details.declaredSha256,
    declaredSize: details.declaredSize,
    servedType: details.servedType,
    sniffedType: details.sniffedType,
    type: details.type,
    size: row.size,
    sha256: row.sha256,
    integrity: row.integrity,
    blob: row.blob,
    receivedAt: row.received_at,
    storedAt: row.stored_at,
    deadline: row.deadline,
    expiresAt: ends,
    heldUntil: ends === null || hard ? null : heldUntil(ends, row.awaited_since !== null, row.delivered_at),
    linkSeconds: row.link_seconds,
    source: details.source,
    ...(details.traceparent !== undefined && { traceparent: details.traceparent }),
  };
  // The media of a destroyed channel is gone for readers at once, long before the sweep has come to each row.
  if (row.channel_state !== 'destroyed' || row.state === 'deleted') return media;
  const gone = { state: 'deleted', reason: 'channel_destroyed', caption: null, fileName: null, blob: null } as const;
  return { ...media, ...gone, stateAt: row.channel_state_at ?? media.stateAt };
}

/** Media by key, in no order. */
export async function mediaByKeys({ db, settings }: Access, keys: Keys): Promise<Map<number, Media>> {
  return await byKey(
    keys,
    (some) => selectMedia(db).where('media.key', 'in', some).execute(),
    (row) => toMedia(row, settings),
  );
}

/** The media of messages, in the order of their parts, by the message's key; a message without media is not in it. */
export async function mediaOfMessages({ db, settings }: Access, messages: Keys): Promise<Map<number, Media[]>> {
  const rows = await selectMedia(db).where('media.message_key', 'in', messages).orderBy('media.part').execute();
  const found = new Map<number, Media[]>();
  for (const row of rows) {
    const media = toMedia(row, settings);
    const known = found.get(row.message_key ?? 0);
    if (known === undefined) found.set(row.message_key ?? 0, [media]);
    else known.push(media);
  }
  return found;
}
