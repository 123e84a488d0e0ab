// The wall between tenants: every read and every order of an application passes through one of these.

import { type Expression, type SqlBool, sql } from 'kysely';
import type { Reach } from '../../core/model.ts';
import type { Access } from '../schema.ts';

/** Whether a row of `apps` in the query is live and within reach. */
export function within(reach: Reach): Expression<SqlBool> {
  switch (reach.kind) {
    case 'instance':
      return sql<SqlBool>`apps.deleted_at is null`;
    case 'organization':
      return sql<SqlBool>`apps.deleted_at is null and apps.organization_key =
        (select organizations.key from organizations where organizations.id = ${reach.organizationId})`;
    case 'app':
      return sql<SqlBool>`apps.deleted_at is null and apps.id = ${reach.appId}`;
  }
}

/** Whether a row of `organizations` in the query is within reach. */
export function organizationWithin(reach: Reach): Expression<SqlBool> {
  switch (reach.kind) {
    case 'instance':
      return sql<SqlBool>`1 = 1`;
    case 'organization':
      return sql<SqlBool>`organizations.id = ${reach.organizationId}`;
    case 'app':
      return sql<SqlBool>`1 = 0`;
  }
}

type Owned = 'channels' | 'conversations' | 'deliveries' | 'endpoints' | 'media' | 'messages';

/** The key of a thing within reach, in whatever state it is; of one app alone when `appId` is given. */
export async function keyWithin(
  { db }: Access,
  table: Owned,
  reach: Reach,
  id: string,
  appId?: string,
): Promise<number | undefined> {
  const alone = appId === undefined ? sql<SqlBool>`true` : sql<SqlBool>`apps.id = ${appId}`;
  // The id finds it by itself; a sum keeps the indexes over whole apps out of it.
  const { rows } = await sql<{ key: number }>`
    select owned.key from ${sql.table(table)} as owned inner join apps on apps.key = (owned.app_key + 0)
    where owned.id = ${id} and ${alone} and ${within(reach)}`.execute(db);
  return rows[0]?.key;
}

/** Whose rows a list shows: the keys of live apps, or null for every live app. */
export type Owner = number | null;

/** The owners within reach, one app alone when `appId` is given. A list takes its page from each and merges them. */
export async function ownersWithin(access: Access, reach: Reach, appId?: string): Promise<Owner[]> {
  if (reach.kind === 'instance' && appId === undefined) return [null];
  return await appsWithin(access, reach, appId);
}

/** The same owners, every live app by itself: where an index begins with the app, and no list of all apps has one. */
export async function eachOwner(access: Access, owners: readonly Owner[]): Promise<number[]> {
  if (owners.includes(null)) return await appsWithin(access, { kind: 'instance' });
  return owners.filter((owner) => owner !== null);
}

async function appsWithin({ db }: Access, reach: Reach, appId?: string): Promise<number[]> {
  let apps = db.selectFrom('apps').select('key').where(within(reach));
  if (appId !== undefined) apps = apps.where('apps.id', '=', appId);
  return (await apps.execute()).map((app) => app.key);
}

/**
 * The owners of a list that may be narrowed to the rows of one thing. Then its key alone finds them, by an index of
 * its own, and no rows of the whole app are looked through; out of reach it has no owners, so the list is empty.
 */
export async function narrowed(
  access: Access,
  reach: Reach,
  appId: string | undefined,
  table: Owned,
  id: string | undefined,
): Promise<{ owners: Owner[]; key: number | undefined }> {
  if (id === undefined) return { owners: await ownersWithin(access, reach, appId), key: undefined };
  const key = await keyWithin(access, table, reach, id, appId);
  return { owners: key === undefined ? [] : [null], key };
}
