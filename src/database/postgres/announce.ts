// Events, deliveries and their jobs, laid out in memory and written together, for the two commands that state thousands
// of facts a second: accepting messages and settling captures.

import type { DialectPolicy } from '../../core/dialect-policy.ts';
import { type Millis, newId } from '../../core/ids.ts';
import type { EventType } from '../../core/model.ts';
import type { RecordsSettings } from '../../core/records.ts';
import { eventVersion, hearing, isAnswered, partFor } from '../layout.ts';
import type { Tables } from '../schema.ts';
import { insertRows, type RowOf } from './insert.ts';
import type { Tx } from './transaction.ts';
import type { Unsent } from './unsent.ts';

export type Endpoint = { key: number } & Pick<
  Tables['endpoints'],
  'app_key' | 'dialect' | 'transport' | 'events' | 'settings' | 'state'
>;
export type Hearer = Endpoint & { policy: DialectPolicy };
export type Subject = { appKey: number; messageKey: number | null; mediaKey: number | null };
/** A media as its row has it. */
export type MediaNews = { key: number; app_key: number; message_key: number | null; part: number; askers: number };

type News = Omit<Unsent, 'key'>;
const newsOf = ({ message_key, endpoint_key, part }: News): string => `${message_key} ${endpoint_key} ${part}`;

type Laid = RowOf<'deliveries'> & { due_at: Millis };

/**
 * @param endpoints the live ones of every app that is told something, locked so that none pauses or resumes meanwhile
 * @param eventKeys as many as there will be events, at least
 * @param unsent deliveries that will carry whatever is known by then, locked so that none is sent meanwhile
 */
export function announcer(parts: {
  endpoints: readonly Endpoint[];
  eventKeys: Iterator<number>;
  unsent: readonly Unsent[];
  settings: RecordsSettings;
}) {
  const ofApp = Map.groupBy(parts.endpoints, ({ app_key }) => app_key);
  const heard = new Map<string, Hearer[]>();
  const unsent = new Set(parts.unsent.map(newsOf));
  const events: RowOf<'events'>[] = [];
  const deliveries: Laid[] = [];
  let isReady = false;

  /** States a fact. @returns the key of its event */
  function state(type: EventType, { appKey, messageKey, mediaKey }: Subject, now: Millis): number {
    const key = nextKey(parts.eventKeys);
    const about = { message_key: messageKey, media_key: mediaKey, channel_key: null, endpoint_key: null };
    events.push({ key, id: newId('event', now), app_key: appKey, type, version: eventVersion, at: now, ...about });
    return key;
  }

  /** Who hears a type of event in an app. */
  function hearers(appKey: number, type: EventType): Hearer[] {
    const name = `${appKey} ${type}`;
    const known = heard.get(name) ?? hearing(ofApp.get(appKey) ?? [], type, parts.settings.policies);
    heard.set(name, known);
    return known;
  }

  /** Lays out one request of an event; a paused endpoint gets it when it resumes. */
  function deliver(event: number, subject: Subject, endpoint: Hearer, part: number, due: Millis, now: Millis): void {
    deliveries.push({
      id: newId('delivery', now),
      app_key: subject.appKey,
      event_key: event,
      endpoint_key: endpoint.key,
      message_key: subject.messageKey,
      media_key: subject.mediaKey,
      part,
      state: endpoint.state === 'active' ? 'pending' : 'paused',
      state_at: now,
      attempts: 0,
      created_at: now,
      due_at: due,
    });
    if (due <= now && endpoint.state === 'active') isReady = true;
    if (subject.messageKey !== null && subject.mediaKey === null)
      unsent.add(newsOf({ message_key: subject.messageKey, endpoint_key: endpoint.key, part }));
  }

  /** Tells each endpoint what became of a media, except where the news of its message is still to go out: that will carry it. */
  function tell(type: 'media.stored' | 'media.unavailable', media: MediaNews, now: Millis): void {
    const { app_key: appKey, message_key: messageKey } = media;
    const subject = { appKey, messageKey, mediaKey: media.key };
    const event = state(type, subject, now);
    for (const endpoint of hearers(appKey, type)) {
      if (isAnswered(endpoint, media)) continue;
      const part = partFor(endpoint.policy, media);
      const carried =
        messageKey !== null && unsent.has(newsOf({ message_key: messageKey, endpoint_key: endpoint.key, part }));
      if (!carried) deliver(event, subject, endpoint, 0, now, now);
    }
  }

  function write(tx: Tx): void {
    insertRows(tx, 'events', events);
    if (deliveries.length > 0) tx.send(layOut, [JSON.stringify(deliveries)]);
  }

  /** Whether a delivery was laid out since this was asked last that may be attempted at once. */
  function becameReady(): boolean {
    const was = isReady;
    isReady = false;
    return was;
  }

  return { state, hearers, deliver, tell, becameReady, write };
}

export type Announcer = ReturnType<typeof announcer>;

/** A delivery that is pending has a job; one that is paused gets it when its endpoint resumes. */
const layOut = `
  WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS given (id text, app_key bigint, event_key bigint, endpoint_key bigint,
      message_key bigint, media_key bigint, part integer, state text, state_at bigint, attempts integer, created_at bigint, due_at bigint)),
  laid AS (
    INSERT INTO deliveries (id, app_key, event_key, endpoint_key, message_key, media_key, part, state, state_at, attempts, created_at)
    SELECT id, app_key, event_key, endpoint_key, message_key, media_key, part, state, state_at, attempts, created_at FROM given
    RETURNING key, id, endpoint_key, state, created_at)
  INSERT INTO jobs (kind, lane, subject, state, due_at, created_at)
  SELECT 'deliver', laid.endpoint_key, laid.key, CASE WHEN given.due_at <= laid.created_at THEN 'ready' ELSE 'waiting' END,
    given.due_at, laid.created_at
  FROM laid JOIN given ON given.id = laid.id WHERE laid.state = 'pending' ORDER BY laid.key`;

/** The next of the keys that were taken from a sequence. @throws when there were too few */
export function nextKey(keys: Iterator<number>): number {
  const { value, done } = keys.next();
  if (done === true) throw new Error('too few keys were taken from a sequence');
  return value;
}

/** Takes keys from the sequences of tables, `{ table: how many }`. @returns a list for each */
export async function takeKeys<Table extends keyof Tables>(
  tx: Tx,
  counts: Readonly<Record<Table, number>>,
): Promise<Record<Table, number[]>> {
  const tables = Object.keys(counts) as Table[];
  const lists = tables.map(
    (table, at) =>
      `(SELECT coalesce(json_agg(nextval('${table}_key_seq')), '[]') FROM generate_series(1, $${at + 1}::integer)) AS ${table}`,
  );
  const [keys] = await tx.rows<Record<Table, number[]>>(
    `SELECT ${lists.join(', ')}`,
    tables.map((table) => counts[table]),
  );
  if (keys === undefined) throw new Error('no keys were taken');
  return keys;
}
