import { Fault } from '../../core/faults.ts';
import { type Millis, newId } from '../../core/ids.ts';
import type { Key, Reach } from '../../core/model.ts';
import type { KeyOwner, NewKey, Page, PageRequest } from '../../core/records.ts';
import { pageOf } from '../reads/page.ts';
import { organizationWithin, within } from '../reads/reach.ts';
import type { Access } from '../schema.ts';
import { selectKey, toKey } from '../views/app.ts';
import { byKey } from '../views/by-key.ts';
import { appKey } from './apps.ts';
import { changes } from './changes.ts';

/** A key as its owners name it. */
type Named = { reach: Reach; owner: KeyOwner; id: string };

const ownedBy = ({ db }: Access, { kind, id }: KeyOwner, reach: Reach) =>
  kind === 'app'
    ? selectKey(db).where('apps.id', '=', id).where(within(reach))
    : selectKey(db).where('organizations.id', '=', id).where(organizationWithin(reach));

const named = (access: Access, { reach, owner, id }: Named) =>
  ownedBy(access, owner, reach).where('api_keys.id', '=', id);

/** @throws Fault not_found when the app or organization of its reach is not there */
export async function createKey(
  access: Access,
  { now, hash, name, reach, permissions, mode, dialect, endsAt = null }: { now: Millis } & NewKey,
): Promise<Key> {
  const id = newId('key', now);
  await access.db
    .insertInto('api_keys')
    .values({
      id,
      hash,
      ...(await ownerOf(access, reach)),
      name: JSON.stringify(name),
      permissions: JSON.stringify(permissions),
      mode,
      dialect,
      ends_at: endsAt,
      created_at: now,
    })
    .execute();
  return toKey(await selectKey(access.db).where('api_keys.id', '=', id).executeTakeFirstOrThrow());
}

async function ownerOf(
  access: Access,
  reach: Reach,
): Promise<{ app_key: number | null; organization_key: number | null }> {
  if (reach.kind === 'instance') return { app_key: null, organization_key: null };
  if (reach.kind === 'app') {
    const app = await appKey(access, reach, reach.appId);
    if (app === undefined) throw new Fault('not_found');
    return { app_key: app, organization_key: null };
  }
  const organization = await access.db
    .selectFrom('organizations')
    .select('key')
    .where('id', '=', reach.organizationId)
    .where('deleted_at', 'is', null)
    .$if(access.severalWriters, (query) => query.forShare())
    .executeTakeFirst();
  if (organization === undefined) throw new Fault('not_found');
  return { app_key: null, organization_key: organization.key };
}

export async function keyByHash(
  { db }: Access,
  { hash, now }: { hash: Uint8Array; now: Millis },
): Promise<Key | undefined> {
  const row = await selectKey(db)
    .where('api_keys.hash', '=', hash)
    .where(({ or, eb }) => or([eb('api_keys.ends_at', 'is', null), eb('api_keys.ends_at', '>', now)]))
    .executeTakeFirst();
  return row && toKey(row);
}

export async function key(access: Access, request: Named): Promise<Key | undefined> {
  const row = await named(access, request).executeTakeFirst();
  return row && toKey(row);
}

export async function listKeys(
  access: Access,
  { reach, owner, page }: { reach: Reach; owner: KeyOwner; page: PageRequest },
): Promise<Page<Key>> {
  const mine = ownedBy(access, owner, reach);
  return await pageOf(
    'keys',
    page,
    [null],
    (_owner, before, limit) =>
      mine
        .clearSelect()
        .select('api_keys.key')
        .where('api_keys.key', '<', before)
        .orderBy('api_keys.key', 'desc')
        .limit(limit)
        .execute(),
    (keys) => byKey(keys, (some) => mine.where('api_keys.key', 'in', some).execute(), toKey),
  );
}

export async function updateKey(
  access: Access,
  request: Named & { set: Partial<Pick<Key, 'name' | 'permissions'>> },
): Promise<Key | undefined> {
  const row = await named(access, request).executeTakeFirst();
  if (row === undefined) return undefined;
  const { name, permissions } = request.set;
  const changed = changes({
    name: name === undefined ? undefined : JSON.stringify(name),
    permissions: permissions === undefined ? undefined : JSON.stringify(permissions),
  });
  if (changed !== undefined) await access.db.updateTable('api_keys').set(changed).where('key', '=', row.key).execute();
  return toKey({ ...row, ...changed });
}

export async function rotateKey(
  access: Access,
  { hash, now, oldUntil, ...request }: Named & { hash: Uint8Array; now: Millis; oldUntil: Millis },
): Promise<Key | undefined> {
  const row = await named(access, request)
    .$if(access.severalWriters, (query) => query.forUpdate('api_keys'))
    .executeTakeFirst();
  if (row === undefined || (row.ends_at !== null && row.ends_at <= now)) return undefined;
  const { name, reach, permissions, mode, dialect } = toKey(row);
  // One that is ending already is not given more time.
  const ends_at = Math.min(oldUntil, row.ends_at ?? oldUntil);
  await access.db.updateTable('api_keys').set({ ends_at }).where('key', '=', row.key).execute();
  return await createKey(access, { now, hash, name, reach, permissions, mode, dialect });
}

export async function deleteKey(access: Access, request: Named & { now: Millis }): Promise<boolean> {
  const row = await named(access, request).executeTakeFirst();
  if (row === undefined) return false;
  await access.db.updateTable('api_keys').set({ revoked_at: request.now }).where('key', '=', row.key).execute();
  return true;
}
