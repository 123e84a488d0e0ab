// Replaying a span of events to one endpoint, a bounded step at a time. An event has at most one delivery for each endpoint and
// part: the endpoint is held while a step looks and adds what is missing, and whoever states an event holds it too.
// What was left out because the news of its message carried it, or because answers told it, is not missing (see `tell` of the
// engines): a media event is told only where that news neither waits to go out nor went out after it.

import { sql } from 'kysely';
import type { DialectPolicy } from '../../core/dialect-policy.ts';
import { type Millis, newId } from '../../core/ids.ts';
import type { Reach } from '../../core/model.ts';
import type { ReplayScope } from '../../core/records.ts';
import { type DeliveryState, deliveryMoves, mayMove } from '../../core/states.ts';
import { cursorAfter, keyOf } from '../cursor.ts';
import { hearing, hears, partFor, partsOf } from '../layout.ts';
import { limitOf } from '../reads/page.ts';
import { within } from '../reads/reach.ts';
import type { Access, Tables } from '../schema.ts';
import { queuePending } from './deliveries.ts';
import { chunked, insertDeliveries } from './emit.ts';

type Request = {
  reach: Reach;
  appId: string;
  endpointId: string;
  from: Millis;
  to: Millis;
  scope: ReplayScope;
  now: Millis;
  limit: number;
  cursor: string | null;
};
type Endpoint = { key: number } & Pick<
  Tables['endpoints'],
  'app_key' | 'dialect' | 'transport' | 'events' | 'settings' | 'state'
>;
type Event = Pick<Tables['events'], 'at' | 'type' | 'message_key' | 'media_key' | 'endpoint_key'> & { key: number };
/** A delivery to the endpoint, by `nameOf` its event or its message. */
type Deliveries = Map<string, Pick<Tables['deliveries'], 'state' | 'state_at'> & { key?: number }>;
type Attachments = Map<number | null, { key: number; part: number }[]>;

/** Keys and times of neighbouring events may be in another order by so much. */
const disorderMs = 3_600_000;

/** States of deliveries that a replay makes due again. */
const replayed: Record<ReplayScope, readonly DeliveryState[]> = {
  dead: ['dead'],
  missing: ['dead'],
  all: ['dead', 'delivered'],
};

/** @throws Fault invalid_cursor */
export async function replayEvents(
  access: Access,
  { reach, appId, endpointId, from, to, scope, now, limit, cursor }: Request,
): Promise<{ queued: number; next: string | null } | undefined> {
  const after = keyOf('replay', cursor);
  const endpoint = await heldEndpoint(access, reach, appId, endpointId);
  if (endpoint === undefined) return undefined;
  const most = limitOf({ limit, cursor });
  const page = await eventsAfter(
    access,
    endpoint.app_key,
    after ?? (await keyBefore(access, endpoint.app_key, from)),
    most,
  );
  const last = page.at(-1);
  const isDone = last === undefined || page.length < most || last.at >= to + disorderMs;
  const heard = page.flatMap((event) => {
    const [listener] = hearing([endpoint], event.type, access.settings.policies);
    const wanted = event.at >= from && event.at < to && event.endpoint_key !== endpoint.key;
    return listener === undefined || !wanted ? [] : [{ event, listener }];
  });

  const events = heard.map(({ event }) => event);
  const known = await deliveriesOf(access, endpoint, events);
  const news = await newsOf(access, endpoint, events);
  const attachments = await attachmentsOf(access, events);
  const answered = await answeredAt(access, events);
  const again: number[] = [];
  const missing: { event: Event; part: number }[] = [];
  for (const { event, listener } of heard) {
    const { policy } = listener;
    const isAnswered = hears(listener, 'media.answered') && answered.has(nameOf(event.media_key, event.at));
    for (let part = 0; part < requestsOf(event, policy, attachments); part++) {
      const delivery = known.get(nameOf(event.key, part));
      if (delivery?.key !== undefined) {
        if (!replayed[scope].includes(delivery.state) || !mayMove(deliveryMoves, delivery.state, 'pending')) continue;
        again.push(delivery.key);
      } else {
        if (scope === 'dead' || (tellsOfFile(event) && (isAnswered || isCarried(event, policy, news, attachments))))
          continue;
        missing.push({ event, part });
      }
      if (isNews(event)) news.set(nameOf(event.message_key, part), { state: 'pending', state_at: now });
    }
  }
  await makeDue(access, endpoint, again, now);
  await add(access, endpoint, missing, now);
  return { queued: again.length + missing.length, next: isDone ? null : cursorAfter('replay', last.key) };
}

const nameOf = (about: number | null, which: number): string => `${about} ${which}`;

/** Whether it is the news of a message, which carries whatever is known of its media by then. */
const isNews = ({ type }: Pick<Event, 'type'>): boolean => type === 'message.received' || type === 'message.echoed';

const requestsOf = (event: Event, policy: DialectPolicy, attachments: Attachments): number =>
  isNews(event) ? partsOf(policy, attachments.get(event.message_key)?.length ?? 0) : 1;

/** Whether it tells what became of a file, which may be told otherwise too. */
const tellsOfFile = ({ type }: Event): boolean => type === 'media.stored' || type === 'media.unavailable';

/** Whether the news of its message told what this event tells, or will. */
function isCarried(event: Event, policy: DialectPolicy, news: Deliveries, attachments: Attachments): boolean {
  const media = attachments.get(event.message_key)?.find(({ key }) => key === event.media_key);
  const told = media && news.get(nameOf(event.message_key, partFor(policy, media)));
  if (told === undefined) return false;
  return told.state === 'delivered' ? told.state_at >= event.at : told.state !== 'dead';
}

async function heldEndpoint(
  { db, severalWriters }: Access,
  reach: Reach,
  appId: string,
  id: string,
): Promise<Endpoint | undefined> {
  return await db
    .selectFrom('endpoints')
    .innerJoin('apps', 'apps.key', 'endpoints.app_key')
    .select(['endpoints.key', 'endpoints.app_key', 'endpoints.dialect', 'endpoints.transport'])
    .select(['endpoints.events', 'endpoints.settings', 'endpoints.state'])
    .where('endpoints.id', '=', id)
    .where('endpoints.state', '<>', 'deleted')
    .where('apps.id', '=', appId)
    .where(within(reach))
    .$if(severalWriters, (query) => query.forUpdate('endpoints'))
    .executeTakeFirst();
}

const eventsAfter = ({ db }: Access, app: number, key: number, limit: number): Promise<Event[]> =>
  db
    .selectFrom('events')
    .select(['key', 'at', 'type', 'message_key', 'media_key', 'endpoint_key'])
    .where('app_key', '=', app)
    .where('key', '>', key)
    .orderBy('key')
    .limit(limit)
    .execute();

/** A key up to which no event of the app is as new as `from`, found by halving: times are in no index, and follow the keys. */
async function keyBefore(access: Access, app: number, from: Millis): Promise<number> {
  const newest = await access.db
    .selectFrom('events')
    .select('key')
    .where('app_key', '=', app)
    .orderBy('key', 'desc')
    .limit(1)
    .executeTakeFirst();
  let [low, high] = [0, newest?.key ?? 0];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [next] = await eventsAfter(access, app, middle, 1);
    if (next !== undefined && next.at < from - disorderMs) low = next.key;
    else high = middle;
  }
  return low;
}

/** The deliveries of events to the endpoint. An event has few, so the others are looked over rather than an index chosen. */
async function deliveriesOf({ db }: Access, endpoint: Endpoint, events: readonly Event[]): Promise<Deliveries> {
  if (events.length === 0) return new Map();
  const rows = await db
    .selectFrom('deliveries')
    .select(['key', 'event_key', 'endpoint_key', 'part', 'state', 'state_at'])
    .where(
      'event_key',
      'in',
      events.map(({ key }) => key),
    )
    .execute();
  const mine = rows.filter(({ endpoint_key }) => endpoint_key === endpoint.key);
  return new Map(mine.map(({ event_key, part, ...delivery }) => [nameOf(event_key, part), delivery]));
}

const messagesOf = (events: readonly Event[]): number[] => [
  ...new Set(events.flatMap(({ message_key }) => message_key ?? [])),
];

/** How the news of the messages of events stands with the endpoint. */
async function newsOf({ db }: Access, endpoint: Endpoint, events: readonly Event[]): Promise<Deliveries> {
  const messages = messagesOf(events);
  if (messages.length === 0) return new Map();
  const rows = await db
    .selectFrom('deliveries')
    .select(['event_key', 'message_key', 'endpoint_key', 'part', 'state', 'state_at'])
    .where('message_key', 'in', messages)
    .execute();
  const mine = rows.filter(({ endpoint_key }) => endpoint_key === endpoint.key);
  if (mine.length === 0) return new Map();
  // In a query of its own: joined, an engine might read all events.
  const told = [...new Set(mine.map(({ event_key }) => event_key))];
  const types = await db.selectFrom('events').select(['key', 'type']).where('key', 'in', told).execute();
  const news = new Set(types.flatMap((event) => (isNews(event) ? [event.key] : [])));
  return new Map(
    mine.flatMap(({ event_key, message_key, part, ...delivery }) =>
      news.has(event_key) ? [[nameOf(message_key, part), delivery]] : [],
    ),
  );
}

/** Which media were told of by answers, and when, by `nameOf` both. */
async function answeredAt({ db }: Access, events: readonly Event[]): Promise<Set<string>> {
  const media = events.filter(tellsOfFile).flatMap(({ media_key }) => media_key ?? []);
  if (media.length === 0) return new Set();
  const rows = await db
    .selectFrom('events')
    .select(['media_key', 'at'])
    .where('type', '=', sql.lit('media.answered'))
    .where('media_key', 'in', media)
    .execute();
  return new Set(rows.map(({ media_key, at }) => nameOf(media_key, at)));
}

async function attachmentsOf({ db }: Access, events: readonly Event[]): Promise<Attachments> {
  const messages = messagesOf(events);
  if (messages.length === 0) return new Map();
  const rows = await db
    .selectFrom('media')
    .select(['key', 'message_key', 'part'])
    .where('message_key', 'in', messages)
    .execute();
  return Map.groupBy(rows, ({ message_key }) => message_key);
}

async function makeDue({ db }: Access, endpoint: Endpoint, keys: readonly number[], now: Millis): Promise<void> {
  const isActive = endpoint.state === 'active';
  for (const some of chunked(keys)) {
    await db
      .updateTable('deliveries')
      .set({ state: isActive ? 'pending' : 'paused', reason: null, state_at: now })
      .where('key', 'in', some)
      .execute();
    if (isActive) await queuePending({ db }, 'key', some, now);
  }
}

async function add(
  access: Access,
  endpoint: Endpoint,
  missing: readonly { event: Event; part: number }[],
  now: Millis,
): Promise<void> {
  const rows = missing.map(({ event, part }) => ({
    id: newId('delivery', now),
    app_key: endpoint.app_key,
    event_key: event.key,
    endpoint_key: endpoint.key,
    message_key: event.message_key,
    media_key: event.media_key,
    part,
    state: endpoint.state === 'active' ? ('pending' as const) : ('paused' as const),
    state_at: now,
    attempts: 0,
    created_at: now,
  }));
  await insertDeliveries(access, rows, now);
}
