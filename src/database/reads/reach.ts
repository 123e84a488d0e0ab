// The wall between tenants: every read and every order of an application passes through one of these two.

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

/** Whose rows a list shows: the keys of live apps, or null for every live app. */
export type Owner = number | null;

/** The owners within reach, one app alone when `appId` is given. A list takes its page from each and merges them. */
export async function ownersWithin({ db }: Access, reach: Reach, appId?: string): Promise<Owner[]> {
  if (reach.kind === 'instance' && appId === undefined) return [null];
  let apps = db.selectFrom('apps').select('key').where(within(reach));
  if (appId !== undefined) apps = apps.where('apps.id', '=', appId);
  return (await apps.execute()).map((app) => app.key);
}
