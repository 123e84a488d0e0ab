import { type Millis, newId } from '../../core/ids.ts';
import type { Reach, User } from '../../core/model.ts';
import type { Page, PageRequest } from '../../core/records.ts';
import { pageOf } from '../reads/page.ts';
import { within } from '../reads/reach.ts';
import type { Access } from '../schema.ts';
import { byKey } from '../views/by-key.ts';
import { appKey } from './apps.ts';

/** Names are compared in one case, and in one spelling of each character. */
const folded = (name: string): string => name.normalize('NFKC').toLowerCase();

const live = ({ db }: Access) =>
  db
    .selectFrom('users')
    .innerJoin('apps', 'apps.key', 'users.app_key')
    .selectAll('users')
    .select('apps.id as app_id')
    .where('apps.deleted_at', 'is', null);

const ofApp = (access: Access, reach: Reach, appId: string) =>
  live(access).where('apps.id', '=', appId).where(within(reach));

type Row = { key: number; id: string; app_id: string; name: string; hash: string; created_at: number };

const toUser = (row: Row): User => ({
  id: row.id as User['id'],
  appId: row.app_id as User['appId'],
  name: JSON.parse(row.name) as string,
  hash: row.hash,
  createdAt: row.created_at,
});

export async function createUser(
  access: Access,
  { reach, appId, name, hash, now }: { reach: Reach; appId: string; name: string; hash: string; now: Millis },
): Promise<{ is: 'created'; user: User } | { is: 'taken' } | undefined> {
  const app = await appKey(access, reach, appId);
  if (app === undefined) return undefined;
  const id = newId('user', now);
  const row = { id, app_key: app, name: JSON.stringify(name), folded: folded(name), hash, created_at: now };
  const made = await access.db
    .insertInto('users')
    .values(row)
    .onConflict((conflict) => conflict.column('folded').doNothing())
    .returning('key')
    .executeTakeFirst();
  return made === undefined
    ? { is: 'taken' }
    : { is: 'created', user: { id, appId: appId as User['appId'], name, hash, createdAt: now } };
}

export async function userByName(access: Access, { name }: { name: string }): Promise<User | undefined> {
  const row = await live(access).where('users.folded', '=', folded(name)).executeTakeFirst();
  return row && toUser(row);
}

export async function listUsers(
  access: Access,
  { reach, appId, page }: { reach: Reach; appId: string; page: PageRequest },
): Promise<Page<User>> {
  const mine = ofApp(access, reach, appId);
  return await pageOf(
    'users',
    page,
    [null],
    (_owner, before, limit) =>
      mine
        .clearSelect()
        .select('users.key')
        .where('users.key', '<', before)
        .orderBy('users.key', 'desc')
        .limit(limit)
        .execute(),
    (keys) => byKey(keys, (some) => mine.where('users.key', 'in', some).execute(), toUser),
  );
}

export async function updateUser(
  access: Access,
  { reach, appId, id, set }: { reach: Reach; appId: string; id: string; set: { hash: string } },
): Promise<User | undefined> {
  const row = await ofApp(access, reach, appId).where('users.id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  await access.db.updateTable('users').set(set).where('key', '=', row.key).execute();
  return toUser({ ...row, ...set });
}

export async function deleteUser(
  access: Access,
  { reach, appId, id }: { reach: Reach; appId: string; id: string },
): Promise<boolean> {
  const row = await ofApp(access, reach, appId).where('users.id', '=', id).executeTakeFirst();
  if (row === undefined) return false;
  await access.db.deleteFrom('users').where('key', '=', row.key).execute();
  return true;
}
