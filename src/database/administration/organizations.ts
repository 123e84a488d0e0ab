import { type Millis, newId } from '../../core/ids.ts';
import type { Organization } from '../../core/model.ts';
import type { Page, PageRequest } from '../../core/records.ts';
import { pageOf } from '../reads/page.ts';
import type { Access } from '../schema.ts';
import { toOrganization } from '../views/app.ts';
import { byKey } from '../views/by-key.ts';
import { eraseApps } from './apps.ts';
import { changes } from './changes.ts';

type Settable = Pick<Organization, 'name' | 'mediaRetentionDays'>;

const columns = (set: Partial<Settable>) =>
  changes({
    name: set.name === undefined ? undefined : JSON.stringify(set.name),
    media_retention_days: set.mediaRetentionDays,
  });

export async function createOrganization(
  { db }: Access,
  { now, name, mediaRetentionDays }: { now: Millis } & Settable,
): Promise<Organization> {
  const row = {
    id: newId('organization', now),
    name: JSON.stringify(name),
    media_retention_days: mediaRetentionDays,
    created_at: now,
  };
  return toOrganization(await db.insertInto('organizations').values(row).returningAll().executeTakeFirstOrThrow());
}

export async function organization({ db }: Access, { id }: { id: string }): Promise<Organization | undefined> {
  const row = await db
    .selectFrom('organizations')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row && toOrganization(row);
}

export async function listOrganizations({ db }: Access, { page }: { page: PageRequest }): Promise<Page<Organization>> {
  const live = db.selectFrom('organizations').where('deleted_at', 'is', null);
  return await pageOf(
    'organizations',
    page,
    [null],
    (_owner, before, limit) =>
      live.select('key').where('key', '<', before).orderBy('key', 'desc').limit(limit).execute(),
    (keys) => byKey(keys, (some) => live.selectAll().where('key', 'in', some).execute(), toOrganization),
  );
}

export async function updateOrganization(
  access: Access,
  { id, set }: { id: string; set: Partial<Settable> },
): Promise<Organization | undefined> {
  const changed = columns(set);
  if (changed !== undefined) {
    await access.db
      .updateTable('organizations')
      .set(changed)
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .execute();
  }
  return await organization(access, { id });
}

export async function deleteOrganization(access: Access, { id, now }: { id: string; now: Millis }): Promise<boolean> {
  const gone = await access.db
    .updateTable('organizations')
    .set({ deleted_at: now })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .returning('key')
    .executeTakeFirst();
  if (gone === undefined) return false;
  const apps = await access.db
    .selectFrom('apps')
    .select('key')
    .where('organization_key', '=', gone.key)
    .where('deleted_at', 'is', null)
    .execute();
  await eraseApps(
    access,
    apps.map((app) => app.key),
    now,
  );
  await access.db
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('organization_key', '=', gone.key)
    .where('revoked_at', 'is', null)
    .execute();
  return true;
}
