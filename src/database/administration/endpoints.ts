import { sql } from 'kysely';
import { type Millis, newId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Endpoint, EventType, Reach } from '../../core/model.ts';
import type { PauseReason } from '../../core/reasons.ts';
import type { Page, PageRequest } from '../../core/records.ts';
import { pageOf } from '../reads/page.ts';
import { within } from '../reads/reach.ts';
import type { Access, Db } from '../schema.ts';
import { toStored } from '../stored-json.ts';
import { endpointsByKeys } from '../views/endpoint.ts';
import { appKey } from './apps.ts';
import { changes } from './changes.ts';
import { killDeliveries, pauseDeliveries, resumeDeliveries } from './deliveries.ts';
import { emit } from './emit.ts';

type Named = { reach: Reach; appId: string; id: string };
type New = {
  now: Millis;
  reach: Reach;
  appId: string;
  url: string;
  transport: Endpoint['transport'];
  dialect: string;
  settings: JsonObject;
  events: EventType[] | null;
  sealed: Uint8Array;
};
type Changes = {
  url?: string;
  dialect?: string;
  settings?: JsonObject;
  events?: EventType[] | null;
  sealed?: Uint8Array;
  state?: 'active' | 'paused';
};

const live = (db: Db, reach: Reach, appId: string) =>
  db
    .selectFrom('endpoints')
    .innerJoin('apps', 'apps.key', 'endpoints.app_key')
    .select('endpoints.key')
    .where('endpoints.state', '<>', 'deleted')
    .where('apps.id', '=', appId)
    .where(within(reach));

async function liveKey({ db }: Access, { reach, appId, id }: Named): Promise<number | undefined> {
  return (await live(db, reach, appId).where('endpoints.id', '=', id).executeTakeFirst())?.key;
}

export async function createEndpoint(
  access: Access,
  { now, reach, appId, url, transport, dialect, settings, events, sealed }: New,
): Promise<Endpoint | undefined> {
  const app = await appKey(access, reach, appId);
  if (app === undefined) return undefined;
  const made = await access.db
    .insertInto('endpoints')
    .values({
      id: newId('endpoint', now),
      app_key: app,
      url: JSON.stringify(url),
      transport,
      dialect,
      settings: JSON.stringify(settings),
      events: toStored(events),
      sealed,
      state: 'active',
      state_at: now,
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .executeTakeFirst();
  const key = made?.key ?? (await socketOf(access, app, dialect));
  return (await endpointsByKeys(access, [key])).get(key);
}

async function socketOf({ db }: Access, app: number, dialect: string): Promise<number> {
  const { key } = await db
    .selectFrom('endpoints')
    .select('key')
    .where('app_key', '=', app)
    .where('dialect', '=', dialect)
    .where('transport', '=', sql.lit('socket'))
    .where('state', '<>', sql.lit('deleted'))
    .executeTakeFirstOrThrow();
  return key;
}

export async function endpoint(access: Access, named: Named): Promise<Endpoint | undefined> {
  const key = await liveKey(access, named);
  return key === undefined ? undefined : (await endpointsByKeys(access, [key])).get(key);
}

export async function listEndpoints(
  access: Access,
  { reach, appId, page }: { reach: Reach; appId: string; page: PageRequest },
): Promise<Page<Endpoint>> {
  return await pageOf(
    'endpoints',
    page,
    [null],
    (_owner, before, limit) =>
      live(access.db, reach, appId)
        .where('endpoints.key', '<', before)
        .orderBy('endpoints.key', 'desc')
        .limit(limit)
        .execute(),
    (keys) => endpointsByKeys(access, keys),
  );
}

export async function updateEndpoint(
  access: Access,
  { now, set, ...named }: Named & { now: Millis; set: Changes },
): Promise<Endpoint | undefined> {
  const key = await liveKey(access, named);
  if (key === undefined) return undefined;
  const changed = changes({
    url: set.url === undefined ? undefined : JSON.stringify(set.url),
    dialect: set.dialect,
    settings: set.settings === undefined ? undefined : JSON.stringify(set.settings),
    events: set.events === undefined ? undefined : toStored(set.events),
    sealed: set.sealed,
  });
  if (changed !== undefined) await access.db.updateTable('endpoints').set(changed).where('key', '=', key).execute();
  if (set.state === 'paused') await pauseEndpoint(access, { key, reason: 'operator' satisfies PauseReason, now });
  if (set.state === 'active') await resumeEndpoint(access, { key, now });
  return (await endpointsByKeys(access, [key])).get(key);
}

export async function deleteEndpoint(access: Access, { now, ...named }: Named & { now: Millis }): Promise<boolean> {
  const key = await liveKey(access, named);
  if (key === undefined) return false;
  const gone = { state: 'deleted', reason: JSON.stringify('operator' satisfies PauseReason), state_at: now } as const;
  await access.db.updateTable('endpoints').set(gone).where('key', '=', key).execute();
  await killDeliveries(access, { endpointKey: key }, 'endpoint_deleted', now);
  return true;
}

/** Stops an endpoint; what it has not got yet waits for its resumption. */
export async function pauseEndpoint(
  access: Access,
  { key, reason, now }: { key: number; reason: string; now: Millis },
): Promise<void> {
  const paused = await access.db
    .updateTable('endpoints')
    .set({ state: 'paused', reason: JSON.stringify(reason), state_at: now })
    .where('key', '=', key)
    .where('state', '=', 'active')
    .returning('app_key')
    .executeTakeFirst();
  if (paused === undefined) return;
  await pauseDeliveries(access, key, reason, now);
  await emit(access, [{ type: 'endpoint.paused', appKey: paused.app_key, endpointKey: key }], now);
}

async function resumeEndpoint(access: Access, { key, now }: { key: number; now: Millis }): Promise<void> {
  const resumed = await access.db
    .updateTable('endpoints')
    .set({ state: 'active', reason: null, state_at: now })
    .where('key', '=', key)
    .where('state', '=', 'paused')
    .returning('key')
    .executeTakeFirst();
  if (resumed !== undefined) await resumeDeliveries(access, { endpointKey: key, from: 'paused' }, now);
}
