import type { InferResult } from 'kysely';
import type { Endpoint, EventType } from '../../core/model.ts';
import type { Access, Db } from '../schema.ts';
import { fromStored } from '../stored-json.ts';
import { byKey } from './by-key.ts';

const selectEndpoint = (db: Db) =>
  db
    .selectFrom('endpoints')
    .innerJoin('apps', 'apps.key', 'endpoints.app_key')
    .select([
      'endpoints.key',
      'endpoints.id',
      'endpoints.url',
      'endpoints.transport',
      'endpoints.dialect',
      'endpoints.settings',
      'endpoints.events',
      'endpoints.sealed',
      'endpoints.state',
      'endpoints.reason',
      'endpoints.state_at',
      'endpoints.created_at',
      'apps.id as app_id',
    ]);

const toEndpoint = (row: InferResult<ReturnType<typeof selectEndpoint>>[number]): Endpoint => ({
  id: row.id as Endpoint['id'],
  appId: row.app_id as Endpoint['appId'],
  url: JSON.parse(row.url) as string,
  transport: row.transport,
  dialect: row.dialect,
  settings: JSON.parse(row.settings) as Endpoint['settings'],
  events: fromStored<EventType[]>(row.events),
  sealed: row.sealed,
  state: row.state,
  reason: fromStored<string>(row.reason),
  stateAt: row.state_at,
  createdAt: row.created_at,
});

/** Endpoints by key, in no order. */
export async function endpointsByKeys({ db }: Access, keys: readonly number[]): Promise<Map<number, Endpoint>> {
  return await byKey(keys, (some) => selectEndpoint(db).where('endpoints.key', 'in', some).execute(), toEndpoint);
}
