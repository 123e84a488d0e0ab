import { type Millis, newId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Connection } from '../../core/model.ts';
import type { Page, PageRequest } from '../../core/records.ts';
import { pageOf } from '../reads/page.ts';
import type { Access, Db } from '../schema.ts';
import { byKey } from '../views/by-key.ts';
import { toConnection } from '../views/channel.ts';
import { changes } from './changes.ts';

type New = { now: Millis; carrier: string; name: string; settings: JsonObject; sealed: Uint8Array };

const live = (db: Db) => db.selectFrom('connections').where('deleted_at', 'is', null);

export async function createConnection(
  { db }: Access,
  { now, carrier, name, settings, sealed }: New,
): Promise<Connection> {
  const row = {
    id: newId('connection', now),
    carrier,
    name: JSON.stringify(name),
    settings: JSON.stringify(settings),
    sealed,
    created_at: now,
  };
  return toConnection(await db.insertInto('connections').values(row).returningAll().executeTakeFirstOrThrow());
}

export async function connection({ db }: Access, { id }: { id: string }): Promise<Connection | undefined> {
  const row = await live(db).selectAll().where('id', '=', id).executeTakeFirst();
  return row && toConnection(row);
}

export async function listConnections({ db }: Access, { page }: { page: PageRequest }): Promise<Page<Connection>> {
  return await pageOf(
    'connections',
    page,
    [null],
    (_owner, before, limit) =>
      live(db).select('key').where('key', '<', before).orderBy('key', 'desc').limit(limit).execute(),
    (keys) => byKey(keys, (some) => live(db).selectAll().where('key', 'in', some).execute(), toConnection),
  );
}

export async function updateConnection(
  access: Access,
  { id, set }: { id: string; set: Partial<Pick<Connection, 'name' | 'settings' | 'sealed'>> },
): Promise<Connection | undefined> {
  const changed = changes({
    name: set.name === undefined ? undefined : JSON.stringify(set.name),
    settings: set.settings === undefined ? undefined : JSON.stringify(set.settings),
    sealed: set.sealed,
  });
  if (changed !== undefined) {
    await access.db
      .updateTable('connections')
      .set(changed)
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .execute();
  }
  // What paused its channels may have been the former secrets: they are probed at once.
  if (set.sealed !== undefined) {
    await access.db
      .updateTable('channels')
      .set({ probe_at: 0 })
      .where('connection_key', 'in', access.db.selectFrom('connections').select('key').where('id', '=', id))
      .where('state', '=', 'paused')
      .execute();
  }
  return await connection(access, { id });
}

export async function deleteConnection(
  { db, severalWriters }: Access,
  { id, now }: { id: string; now: Millis },
): Promise<'deleted' | 'in_use' | 'absent'> {
  const row = await live(db)
    .select('key')
    .where('id', '=', id)
    .$if(severalWriters, (query) => query.forUpdate())
    .executeTakeFirst();
  if (row === undefined) return 'absent';
  const channel = await db
    .selectFrom('channels')
    .select('key')
    .where('connection_key', '=', row.key)
    .where('state', '<>', 'destroyed')
    .limit(1)
    .executeTakeFirst();
  if (channel !== undefined) return 'in_use';
  await db.updateTable('connections').set({ deleted_at: now }).where('key', '=', row.key).execute();
  return 'deleted';
}
