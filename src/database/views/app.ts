import type { InferResult, Selectable } from 'kysely';
import type { App, Key, Organization, Permission, Reach } from '../../core/model.ts';
import type { Db, Tables } from '../schema.ts';
import { fromStored } from '../stored-json.ts';

export const toOrganization = (row: Selectable<Tables['organizations']>): Organization => ({
  id: row.id as Organization['id'],
  name: JSON.parse(row.name) as string,
  mediaRetentionDays: row.media_retention_days,
  createdAt: row.created_at,
});

/** Live apps. */
export const selectApp = (db: Db) =>
  db
    .selectFrom('apps')
    .leftJoin('organizations', 'organizations.key', 'apps.organization_key')
    .selectAll('apps')
    .select('organizations.id as organization_id')
    .where('apps.deleted_at', 'is', null);

export const toApp = (row: InferResult<ReturnType<typeof selectApp>>[number]): App => ({
  id: row.id as App['id'],
  organizationId: row.organization_id as App['organizationId'],
  name: JSON.parse(row.name) as string,
  dialect: row.dialect,
  mediaRetentionSeconds: row.media_retention_seconds,
  linkSeconds: row.link_seconds,
  deliverWithinSeconds: row.deliver_within_seconds,
  holdLimitSeconds: row.hold_limit_seconds,
  autoDownload: fromStored<string[]>(row.auto_download),
  createdAt: row.created_at,
});

/** Keys that are not revoked and whose app or organization is live. */
export const selectKey = (db: Db) =>
  db
    .selectFrom('api_keys')
    .leftJoin('apps', 'apps.key', 'api_keys.app_key')
    .leftJoin('organizations', 'organizations.key', 'api_keys.organization_key')
    .selectAll('api_keys')
    .select(['apps.id as app_id', 'organizations.id as organization_id'])
    .where('api_keys.revoked_at', 'is', null)
    .where('apps.deleted_at', 'is', null)
    .where('organizations.deleted_at', 'is', null);

type KeyRow = InferResult<ReturnType<typeof selectKey>>[number];

export const toKey = (row: KeyRow): Key => ({
  id: row.id as Key['id'],
  name: JSON.parse(row.name) as string,
  reach: reachOf(row),
  permissions: JSON.parse(row.permissions) as Permission[],
  mode: row.mode,
  dialect: row.dialect,
  endsAt: row.ends_at,
  createdAt: row.created_at,
});

function reachOf(row: KeyRow): Reach {
  if (row.app_id !== null) return { kind: 'app', appId: row.app_id as App['id'] };
  if (row.organization_id !== null) {
    return { kind: 'organization', organizationId: row.organization_id as Organization['id'] };
  }
  return { kind: 'instance' };
}
