import type { InferResult } from 'kysely';
import type { Event, Media, Message } from '../../core/model.ts';
import type { Access, Db } from '../schema.ts';
import { isNone, type Keys, referredBy } from './by-key.ts';
import { channelsByKeys } from './channel.ts';
import { endpointsByKeys } from './endpoint.ts';
import { mediaByKeys } from './media.ts';
import { messagesByKeys } from './message.ts';

const selectEvent = (db: Db, keys: Keys) =>
  db
    .selectFrom('events')
    .innerJoin('apps', 'apps.key', 'events.app_key')
    .select([
      'events.key',
      'events.id',
      'events.type',
      'events.version',
      'events.at',
      'events.message_key',
      'events.media_key',
      'events.channel_key',
      'events.endpoint_key',
      'apps.id as app_id',
    ])
    .where('events.key', 'in', keys);

type EventRow = InferResult<ReturnType<typeof selectEvent>>[number];

/** Events with the things they are about as they are now, by key, in a fixed number of queries. */
export async function eventsByKeys(access: Access, keys: readonly number[]): Promise<Map<number, Event>> {
  if (keys.length === 0) return new Map();
  const rows = await selectEvent(access.db, keys).execute();
  const [messages, media] = await Promise.all([
    messagesByKeys(access, namedIn(rows, 'message_key')),
    mediaByKeys(access, namedIn(rows, 'media_key')),
  ]);
  return await assembled(access, rows, messages, media);
}

/** The events of deliveries, by the event's key. A delivery refers to the same message and media as its event. */
export async function eventsOfDeliveries(access: Access, deliveries: readonly number[]): Promise<Map<number, Event>> {
  const of = (column: string) => referredBy('deliveries', column, deliveries);
  if (isNone(deliveries)) return new Map();
  const [rows, messages, media] = await Promise.all([
    selectEvent(access.db, of('event_key')).execute(),
    messagesByKeys(access, of('message_key')),
    mediaByKeys(access, of('media_key')),
  ]);
  return await assembled(access, rows, messages, media);
}

async function assembled(
  access: Access,
  rows: readonly EventRow[],
  messages: Map<number, Message>,
  media: Map<number, Media>,
): Promise<Map<number, Event>> {
  const [channels, endpoints] = await Promise.all([
    channelsByKeys(access, namedIn(rows, 'channel_key')),
    endpointsByKeys(access, namedIn(rows, 'endpoint_key')),
  ]);
  return new Map(
    rows.map((row) => [
      row.key,
      {
        key: row.key,
        id: row.id as Event['id'],
        type: row.type,
        version: row.version,
        appId: row.app_id as Event['appId'],
        at: row.at,
        message: messages.get(row.message_key ?? 0) ?? null,
        media: media.get(row.media_key ?? 0) ?? null,
        channel: channels.get(row.channel_key ?? 0) ?? null,
        endpoint: endpoints.get(row.endpoint_key ?? 0) ?? null,
      },
    ]),
  );
}

const namedIn = (
  rows: readonly EventRow[],
  column: 'message_key' | 'media_key' | 'channel_key' | 'endpoint_key',
): number[] => [...new Set(rows.flatMap((row) => row[column] ?? []))];
