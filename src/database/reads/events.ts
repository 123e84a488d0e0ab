// Events are read forward. The order is that of their keys, and a reader that has seen a key never looks before it
// again; so no event may appear behind one that was already shown, and pages end where one still may.

import type { Event, EventType, Reach } from '../../core/model.ts';
import type { PageRequest } from '../../core/records.ts';
import { cursorAfter, keyOf } from '../cursor.ts';
import { eventHorizon } from '../event-horizon.ts';
import type { Access } from '../schema.ts';
import { eventsByKeys } from '../views/event.ts';
import { limitOf } from './page.ts';
import { type Owner, ownersWithin, within } from './reach.ts';

/** @throws Fault invalid_cursor */
export async function listEvents(
  access: Access,
  { reach, appId, types, page }: { reach: Reach; appId?: string; types?: EventType[]; page: PageRequest },
): Promise<{ rows: Event[]; cursors: string[]; next: string; gap: boolean }> {
  const after = keyOf('events', page.cursor) ?? 0;
  const limit = limitOf(page);
  const last = await eventHorizon(access);
  const owners = await ownersWithin(access, reach, appId);
  // Asked first: what comes later may be missing from this page.
  const passed = types === undefined ? 0 : await newestOf(access, owners, last);
  const found: number[] = [];
  for (const owner of owners) found.push(...(await keysAfter(access, owner, types, { after, last }, limit)));
  const keys = found.sort((a, b) => a - b).slice(0, limit);
  const events = await eventsByKeys(access, keys);
  const rows = keys.flatMap((key) => events.get(key) ?? []);
  return {
    rows,
    cursors: rows.map(({ key }) => cursorAfter('events', key)),
    // Past events of other types too, or a reader of rare ones would seem to have missed what was forgotten meanwhile.
    next: cursorAfter('events', Math.max(keys.at(-1) ?? after, keys.length < limit ? passed : 0)),
    // Asked last: what was forgotten while this was read counts too.
    gap: page.cursor !== null && (await forgotten(access, reach, appId)) > after,
  };
}

async function newestOf({ db }: Access, owners: readonly Owner[], last: number | undefined): Promise<number> {
  let newest = 0;
  for (const owner of owners) {
    let events = db.selectFrom('events').select('key').orderBy('key', 'desc').limit(1);
    if (owner !== null) events = events.where('app_key', '=', owner);
    if (last !== undefined) events = events.where('key', '<=', last);
    newest = Math.max(newest, (await events.executeTakeFirst())?.key ?? 0);
  }
  return newest;
}

/** Key of the last event within reach that went by age. */
async function forgotten({ db }: Access, reach: Reach, appId: string | undefined): Promise<number> {
  let apps = db
    .selectFrom('apps')
    .select(({ fn }) => fn.max<number | null>('events_forgotten').as('key'))
    .where(within(reach));
  if (appId !== undefined) apps = apps.where('id', '=', appId);
  return (await apps.executeTakeFirst())?.key ?? 0;
}

export async function eventsEnd(access: Access): Promise<string> {
  const last = await eventHorizon(access);
  let events = access.db.selectFrom('events').select('key').orderBy('key', 'desc').limit(1);
  if (last !== undefined) events = events.where('key', '<=', last);
  const newest = (await events.executeTakeFirst())?.key ?? 0;
  const { gone } = await access.db
    .selectFrom('apps')
    .select(({ fn }) => fn.max<number | null>('events_forgotten').as('gone'))
    .executeTakeFirstOrThrow();
  return cursorAfter('events', Math.max(newest, gone ?? 0));
}

async function keysAfter(
  { db }: Access,
  owner: Owner,
  types: EventType[] | undefined,
  { after, last }: { after: number; last: number | undefined },
  limit: number,
) {
  let rows = db
    .selectFrom('events')
    .innerJoin('apps', 'apps.key', 'events.app_key')
    .select('events.key')
    .where('apps.deleted_at', 'is', null)
    .where('events.key', '>', after)
    .orderBy('events.key')
    .limit(limit);
  if (owner !== null) rows = rows.where('events.app_key', '=', owner);
  if (last !== undefined) rows = rows.where('events.key', '<=', last);
  if (types !== undefined) rows = rows.where('events.type', 'in', types);
  return (await rows.execute()).map((row) => row.key);
}
