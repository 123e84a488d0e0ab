import type { InferResult, Selectable } from 'kysely';
import type { JsonObject } from '../../core/json.ts';
import type { Channel, Connection } from '../../core/model.ts';
import type { Access, Db, Tables } from '../schema.ts';
import { fromStored } from '../stored-json.ts';
import { byKey } from './by-key.ts';

const selectChannel = (db: Db) =>
  db
    .selectFrom('channels')
    .innerJoin('apps', 'apps.key', 'channels.app_key')
    .innerJoin('connections', 'connections.key', 'channels.connection_key')
    .select([
      'channels.key',
      'channels.id',
      'channels.address',
      'channels.display',
      'channels.sealed',
      'channels.state',
      'channels.reason',
      'channels.state_at',
      'channels.created_at',
      'apps.id as app_id',
      'connections.id as connection_id',
      'connections.carrier',
    ]);

const toChannel = (row: InferResult<ReturnType<typeof selectChannel>>[number]): Channel => ({
  id: row.id as Channel['id'],
  appId: row.app_id as Channel['appId'],
  connectionId: row.connection_id as Channel['connectionId'],
  carrier: row.carrier,
  address: row.address,
  display: JSON.parse(row.display) as string,
  sealed: row.sealed,
  state: row.state,
  reason: fromStored<string>(row.reason),
  stateAt: row.state_at,
  createdAt: row.created_at,
});

/** Channels by key, in no order. */
export async function channelsByKeys({ db }: Access, keys: readonly number[]): Promise<Map<number, Channel>> {
  return await byKey(keys, (some) => selectChannel(db).where('channels.key', 'in', some).execute(), toChannel);
}

export const toConnection = (row: Selectable<Tables['connections']>): Connection => ({
  id: row.id as Connection['id'],
  carrier: row.carrier,
  name: JSON.parse(row.name) as string,
  settings: JSON.parse(row.settings) as JsonObject,
  sealed: row.sealed,
  createdAt: row.created_at,
});

/** The connections of channels, by the connection's public id. */
export async function connectionsOfChannels(
  { db }: Access,
  channels: readonly number[],
): Promise<Map<string, Connection>> {
  if (channels.length === 0) return new Map();
  const rows = await db
    .selectFrom('connections')
    .selectAll()
    .where('key', 'in', (q) => q.selectFrom('channels').select('connection_key').where('key', 'in', channels))
    .execute();
  return new Map(rows.map((row) => [row.id, toConnection(row)]));
}
