import type { Insertable } from 'kysely';
import { type Millis, newId } from '../../core/ids.ts';
import type { EventType } from '../../core/model.ts';
import { willStateEvents } from '../event-horizon.ts';
import { eventVersion, hearing } from '../layout.ts';
import type { Access, Tables } from '../schema.ts';

/** A fact to tell; the keys of what it is about. */
export type Fact = {
  type: EventType;
  appKey: number;
  messageKey?: number | null;
  mediaKey?: number | null;
  channelKey?: number;
  endpointKey?: number;
};

/** Rows of one statement; below every engine's limit of parameters. */
const chunkRows = 500;

/** States facts and lays out one delivery, due now, for each endpoint that hears them and is not itself the subject. */
export async function emit(access: Access, facts: readonly Fact[], now: Millis): Promise<void> {
  const { db, settings } = access;
  if (facts.length === 0) return;
  await willStateEvents(access);
  const events = await insertEvents(access, facts, now);
  const endpoints = await db
    .selectFrom('endpoints')
    .select(['key', 'app_key', 'dialect', 'transport', 'events', 'settings', 'state'])
    .where('app_key', 'in', [...new Set(facts.map((fact) => fact.appKey))])
    .where('state', '<>', 'deleted')
    .orderBy('key')
    .$if(access.severalWriters, (query) => query.forShare())
    .execute();
  const deliveries = events.flatMap(({ fact, key: event_key }) => {
    const others = endpoints.filter(({ key, app_key }) => app_key === fact.appKey && key !== fact.endpointKey);
    return hearing(others, fact.type, settings.policies).map((endpoint) => ({
      id: newId('delivery', now),
      app_key: fact.appKey,
      event_key,
      endpoint_key: endpoint.key,
      message_key: fact.messageKey ?? null,
      media_key: fact.mediaKey ?? null,
      part: 0,
      state: endpoint.state === 'active' ? ('pending' as const) : ('paused' as const),
      state_at: now,
      attempts: 0,
      created_at: now,
    }));
  });
  await insertDeliveries(access, deliveries, now);
}

/** Lays deliveries out; those that are pending are due now. */
export async function insertDeliveries(
  { db }: Pick<Access, 'db'>,
  deliveries: readonly Insertable<Tables['deliveries']>[],
  now: Millis,
): Promise<void> {
  for (const rows of chunked(deliveries)) {
    const laid = await db.insertInto('deliveries').values(rows).returning(['key', 'endpoint_key', 'state']).execute();
    const due = laid.filter(({ state }) => state === 'pending').sort((a, b) => a.key - b.key);
    if (due.length === 0) continue;
    const job = { kind: 'deliver', state: 'ready', due_at: now, created_at: now } as const;
    await db
      .insertInto('jobs')
      .values(due.map(({ key, endpoint_key }) => ({ ...job, lane: endpoint_key, subject: key })))
      .execute();
  }
}

async function insertEvents(
  { db }: Access,
  facts: readonly Fact[],
  now: Millis,
): Promise<{ fact: Fact; key: number }[]> {
  const stated: { fact: Fact; key: number }[] = [];
  for (const some of chunked(facts)) {
    const byId = new Map(some.map((fact) => [newId('event', now) as string, fact]));
    const rows = [...byId].map(([id, fact]) => ({
      id,
      app_key: fact.appKey,
      type: fact.type,
      version: eventVersion,
      at: now,
      message_key: fact.messageKey ?? null,
      media_key: fact.mediaKey ?? null,
      channel_key: fact.channelKey ?? null,
      endpoint_key: fact.endpointKey ?? null,
    }));
    const keys = await db.insertInto('events').values(rows).returning(['key', 'id']).execute();
    for (const { key, id } of keys) {
      const fact = byId.get(id);
      if (fact !== undefined) stated.push({ fact, key });
    }
  }
  return stated.sort((a, b) => a.key - b.key);
}

export function* chunked<Row>(rows: readonly Row[]): Generator<Row[]> {
  for (let at = 0; at < rows.length; at += chunkRows) yield rows.slice(at, at + chunkRows);
}
