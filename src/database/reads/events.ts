// Events are read forward. The order is that of their keys, and a reader that has seen a key never looks before it
// again; so no event may appear behind one that was already shown, and pages end where one still may.

import type { Event, EventType, Reach } from '../../core/model.ts';
import type { PageRequest } from '../../core/records.ts';
import { cursorAfter, keyOf } from '../cursor.ts';
import { eventHorizon } from '../event-horizon.ts';
import type { Access } from '../schema.ts';
import { eventsByKeys } from '../views/event.ts';
import { limitOf } from './page.ts';
import { type Owner, ownersWithin } from './reach.ts';

/** @throws Fault invalid_cursor */
export async function listEvents(
  access: Access,
  { reach, appId, types, page }: { reach: Reach; appId?: string; types?: EventType[]; page: PageRequest },
): Promise<{ rows: Event[]; next: string }> {
  const after = keyOf('events', page.cursor) ?? 0;
  const limit = limitOf(page);
  const last = await eventHorizon(access);
  const found: number[] = [];
  for (const owner of await ownersWithin(access, reach, appId)) {
    found.push(...(await keysAfter(access, owner, types, { after, last }, limit)));
  }
  const keys = found.sort((a, b) => a - b).slice(0, limit);
  const events = await eventsByKeys(access, keys);
  return { rows: keys.flatMap((key) => events.get(key) ?? []), next: cursorAfter('events', keys.at(-1) ?? after) };
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
