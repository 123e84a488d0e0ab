import type { Event } from '../../core/model.ts';
import type { Access } from '../schema.ts';
import { channelsByKeys } from './channel.ts';
import { endpointsByKeys } from './endpoint.ts';
import { mediaByKeys } from './media.ts';
import { messagesByKeys } from './message.ts';

/** Events with the things they are about as they are now, by key, in a fixed number of queries. */
export async function eventsByKeys(access: Access, keys: readonly number[]): Promise<Map<number, Event>> {
  if (keys.length === 0) return new Map();
  const rows = await access.db
    .selectFrom('events')
    .innerJoin('apps', 'apps.key', 'events.app_key')
    .selectAll('events')
    .select('apps.id as app_id')
    .where('events.key', 'in', keys)
    .execute();
  const of = (column: 'message_key' | 'media_key' | 'channel_key' | 'endpoint_key') => [
    ...new Set(rows.flatMap((row) => row[column] ?? [])),
  ];
  const messages = await messagesByKeys(access, of('message_key'));
  const media = await mediaByKeys(access, of('media_key'));
  const channels = await channelsByKeys(access, of('channel_key'));
  const endpoints = await endpointsByKeys(access, of('endpoint_key'));
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
