import { type Millis, newId } from '../../core/ids.ts';
import type { App, Reach } from '../../core/model.ts';
import type { PauseReason } from '../../core/reasons.ts';
import type { Page, PageRequest } from '../../core/records.ts';
import { pageOf } from '../reads/page.ts';
import { ownersWithin, within } from '../reads/reach.ts';
import type { Access } from '../schema.ts';
import { toStored } from '../stored-json.ts';
import { selectApp, toApp } from '../views/app.ts';
import { byKey } from '../views/by-key.ts';
import { changes } from './changes.ts';
import { killDeliveries } from './deliveries.ts';

type Settable = Omit<App, 'id' | 'createdAt' | 'organizationId'>;

const columns = (set: Partial<Settable>) =>
  changes({
    name: set.name === undefined ? undefined : JSON.stringify(set.name),
    dialect: set.dialect,
    media_retention_seconds: set.mediaRetentionSeconds,
    link_seconds: set.linkSeconds,
    deliver_within_seconds: set.deliverWithinSeconds,
    hold_limit_seconds: set.holdLimitSeconds,
    auto_download: set.autoDownload === undefined ? undefined : toStored(set.autoDownload),
  });

/** @returns undefined when the organization named is not there */
export async function createApp(
  access: Access,
  request: { now: Millis } & Omit<App, 'id' | 'createdAt'>,
): Promise<App | undefined> {
  const { now, organizationId, name, dialect } = request;
  const owner =
    organizationId === null
      ? { key: null }
      : await access.db
          .selectFrom('organizations')
          .select('key')
          .where('id', '=', organizationId)
          .where('deleted_at', 'is', null)
          .$if(access.severalWriters, (query) => query.forShare())
          .executeTakeFirst();
  if (owner === undefined) return undefined;
  const id = newId('app', now);
  await access.db
    .insertInto('apps')
    .values({
      id,
      organization_key: owner.key,
      name: JSON.stringify(name),
      dialect,
      media_retention_seconds: request.mediaRetentionSeconds,
      link_seconds: request.linkSeconds,
      deliver_within_seconds: request.deliverWithinSeconds,
      hold_limit_seconds: request.holdLimitSeconds,
      auto_download: toStored(request.autoDownload),
      created_at: now,
    })
    .execute();
  return await app(access, { reach: { kind: 'instance' }, id });
}

export async function app({ db }: Access, { reach, id }: { reach: Reach; id: string }): Promise<App | undefined> {
  const row = await selectApp(db).where('apps.id', '=', id).where(within(reach)).executeTakeFirst();
  return row && toApp(row);
}

/** The key of a live app within reach, for an order that adds to it; it stays live until the order is done. */
export async function appKey({ db, severalWriters }: Access, reach: Reach, id: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('apps')
    .select('key')
    .where('id', '=', id)
    .where(within(reach))
    .$if(severalWriters, (query) => query.forShare())
    .executeTakeFirst();
  return row?.key;
}

export async function listApps(
  access: Access,
  { reach, page }: { reach: Reach; page: PageRequest },
): Promise<Page<App>> {
  return await pageOf(
    'apps',
    page,
    await ownersWithin(access, reach),
    async (owner, before, limit) => {
      const rows = access.db
        .selectFrom('apps')
        .select('key')
        .where('deleted_at', 'is', null)
        .where('key', '<', before)
        .orderBy('key', 'desc')
        .limit(limit);
      return await (owner === null ? rows : rows.where('key', '=', owner)).execute();
    },
    (keys) => byKey(keys, (some) => selectApp(access.db).where('apps.key', 'in', some).execute(), toApp),
  );
}

export async function updateApp(
  access: Access,
  { reach, id, set }: { reach: Reach; id: string; set: Partial<Settable> },
): Promise<App | undefined> {
  const changed = columns(set);
  if (changed !== undefined)
    await access.db.updateTable('apps').set(changed).where('id', '=', id).where(within(reach)).execute();
  return await app(access, { reach, id });
}

export async function deleteApp(
  access: Access,
  { reach, id, now }: { reach: Reach; id: string; now: Millis },
): Promise<boolean> {
  const key = await appKey(access, reach, id);
  if (key === undefined) return false;
  await eraseApps(access, [key], now);
  return true;
}

/** Apps are gone for every reader with this commit; the sweep comes for their rows and bytes. */
export async function eraseApps({ db }: Access, apps: readonly number[], now: Millis): Promise<void> {
  if (apps.length === 0) return;
  await db.updateTable('apps').set({ deleted_at: now }).where('key', 'in', apps).execute();
  // A name is free again at once.
  await db.deleteFrom('users').where('app_key', 'in', apps).execute();
  await db
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('app_key', 'in', apps)
    .where('revoked_at', 'is', null)
    .execute();
  await db
    .updateTable('channels')
    .set({
      state: 'destroyed',
      reason: JSON.stringify('app_deleted' satisfies PauseReason),
      state_at: now,
      probe_at: null,
    })
    .where('app_key', 'in', apps)
    .where('state', '<>', 'destroyed')
    .execute();
  const endpoints = await db
    .updateTable('endpoints')
    .set({ state: 'deleted', reason: JSON.stringify('app_deleted' satisfies PauseReason), state_at: now })
    .where('app_key', 'in', apps)
    .where('state', '<>', 'deleted')
    .returning('key')
    .execute();
  for (const { key } of endpoints) await killDeliveries({ db }, { endpointKey: key }, 'app_deleted', now);
}
