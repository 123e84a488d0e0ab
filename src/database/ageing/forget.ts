// What is merely old: journal, events with their deliveries and attempts, messages with their tombstones, tombstones of
// uploads, keys that have ended, answers that are no longer given again.
// Events and messages are looked through by key from where the last step stopped, because some must stay for long (an
// event for a paused endpoint, a message whose media is kept for ever) and would otherwise be looked at every time.

import { sql } from 'kysely';
import type { MediaState } from '../../core/states.ts';
import { markedMs } from '../administration/idempotency.ts';
import { dayMs } from '../retention.ts';
import type { Access } from '../schema.ts';
import { outside, type Step } from './step.ts';

export const forgetJournal: Step = async ({ db, settings: { keep } }, now, limit, spared) => {
  let gone = 0;
  for (const { open, before } of [
    { open: 0, before: now - keep.journalMs },
    { open: 1, before: now - keep.openJournalMs },
  ] as const) {
    const old = db
      .selectFrom('journal')
      .select('key')
      .where('open', '=', open)
      .where('received_at', '<', before)
      .where(outside(spared.journal))
      .limit(limit - gone);
    const deleted = await db.deleteFrom('journal').where('key', 'in', old).executeTakeFirst();
    gone += Number(deleted.numDeletedRows);
    if (gone >= limit) break;
  }
  return gone;
};

export const forgetEvents: Step = async (access, now, limit, spared) => {
  const { db, settings } = access;
  const rows = await db
    .selectFrom('events')
    .select(['key', 'at as time'])
    .where('key', '>', await positionOf(access, 'events'))
    .where(outside(spared.events))
    .orderBy('key')
    .limit(limit)
    .execute();
  const old = await oldPrefix(access, 'events', rows, now - settings.keep.eventsMs, limit);
  if (old.length === 0) return 0;
  const open = await db
    .selectFrom('deliveries')
    .select('event_key')
    .where('event_key', 'in', old)
    .where('state', 'in', ['pending', 'paused'])
    .execute();
  const gone = without(
    old,
    open.map((row) => row.event_key),
  );
  if (gone.length === 0) return 0;
  const deliveries = db.selectFrom('deliveries').select('key').where('event_key', 'in', gone);
  await db.deleteFrom('attempts').where('delivery_key', 'in', deliveries).execute();
  await db.deleteFrom('deliveries').where('event_key', 'in', gone).execute();
  const forgotten = await db.deleteFrom('events').where('key', 'in', gone).returning(['key', 'app_key']).execute();
  // A reader that comes back with a cursor from before them learns that it has missed them.
  for (const [app, events] of Map.groupBy(forgotten, ({ app_key }) => app_key)) {
    const last = Math.max(...events.map(({ key }) => key));
    await db
      .updateTable('apps')
      .set({ events_forgotten: last })
      .where('key', '=', app)
      .where('events_forgotten', '<', last)
      .execute();
  }
  return gone.length;
};

const alive: readonly MediaState[] = ['remote', 'pending', 'stored', 'unavailable'];

export const forgetMessages: Step = async (access, now, limit) => {
  const { db, settings } = access;
  const rows = await db
    .selectFrom('messages')
    .select(['key', 'received_at as time'])
    .where('key', '>', await positionOf(access, 'messages'))
    .orderBy('key')
    .limit(limit)
    .execute();
  const old = await oldPrefix(access, 'messages', rows, now - settings.keep.messagesMs, limit);
  if (old.length === 0) return 0;
  const living = await db
    .selectFrom('media')
    .select('message_key')
    .where('message_key', 'in', old)
    .where('state', 'in', alive)
    .execute();
  const awaited = await db
    .selectFrom('deliveries')
    .select('message_key')
    .where('message_key', 'in', old)
    .where(({ or, eb }) => or([eb('state', '=', sql.lit('pending')), eb('state', '=', sql.lit('paused'))]))
    .execute();
  const gone = without(
    old,
    [...living, ...awaited].map((row) => row.message_key),
  );
  if (gone.length === 0) return 0;
  await db.deleteFrom('media').where('message_key', 'in', gone).execute();
  await db.deleteFrom('messages').where('key', 'in', gone).execute();
  return gone.length;
};

/** Tombstones of uploads, which no message takes with it. */
export const forgetUploads: Step = async ({ db, settings }, now, limit) => {
  const old = db
    .selectFrom('media')
    .select('key')
    .where('message_key', 'is', null)
    .where('received_at', '<', now - settings.keep.messagesMs)
    // In the words of the index over them.
    .where(({ or, eb }) => or([eb('state', '=', sql.lit('expired')), eb('state', '=', sql.lit('deleted'))]))
    .limit(limit);
  return Number((await db.deleteFrom('media').where('key', 'in', old).executeTakeFirst()).numDeletedRows);
};

/** How long keys that have ended are still listed. */
const endedKeysMs = 30 * dayMs;

export const forgetEndedKeys: Step = async ({ db }, now, limit) => {
  const ended = db
    .selectFrom('api_keys')
    .select('key')
    .where('ends_at', '<', now - endedKeysMs)
    .limit(limit);
  return Number((await db.deleteFrom('api_keys').where('key', 'in', ended).executeTakeFirst()).numDeletedRows);
};

export const forgetMarks: Step = async ({ db }, now, limit) => {
  const old = db
    .selectFrom('idempotency_marks')
    .select('key')
    .where('begun_at', '<=', now - markedMs)
    .limit(limit);
  return Number((await db.deleteFrom('idempotency_marks').where('key', 'in', old).executeTakeFirst()).numDeletedRows);
};

type Place = 'events' | 'messages';

async function positionOf({ db }: Access, step: Place): Promise<number> {
  return (
    (await db.selectFrom('sweeps').select('after_key').where('step', '=', step).executeTakeFirst())?.after_key ?? 0
  );
}

/** The keys that are old, and the position moved past them; back to the beginning when the end of what is old was seen. */
async function oldPrefix(
  access: Access,
  step: Place,
  rows: readonly { key: number; time: number }[],
  before: number,
  limit: number,
): Promise<number[]> {
  const end = rows.findIndex((row) => row.time >= before);
  const old = (end === -1 ? rows : rows.slice(0, end)).map((row) => row.key);
  const after_key = old.length === limit ? (old.at(-1) ?? 0) : 0;
  if (after_key !== (await positionOf(access, step))) {
    await access.db
      .insertInto('sweeps')
      .values({ step, after_key })
      .onConflict((conflict) => conflict.column('step').doUpdateSet({ after_key }))
      .execute();
  }
  return old;
}

function without(keys: readonly number[], kept: readonly (number | null)[]): number[] {
  const staying = new Set(kept);
  return keys.filter((key) => !staying.has(key));
}
