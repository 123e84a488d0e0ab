// Events, deliveries and jobs by prepared statements, for the two places that state thousands of facts a second:
// accepting a message and settling a capture.

import type { DatabaseSync } from 'node:sqlite';
import type { DialectPolicy } from '../../core/dialect-policy.ts';
import { type Millis, newId } from '../../core/ids.ts';
import type { EventType } from '../../core/model.ts';
import type { JobKind, RecordsSettings } from '../../core/records.ts';
import { eventVersion, hearing, isAnswered, partFor } from '../layout.ts';
import type { Tables } from '../schema.ts';
import { statement } from './statement.ts';

export type Subject = { appKey: number; messageKey: number | null; mediaKey: number | null };
export type Endpoint = { key: number } & Pick<
  Tables['endpoints'],
  'dialect' | 'transport' | 'events' | 'settings' | 'state'
>;
export type Hearer = Endpoint & { policy: DialectPolicy };
/** A media as its row has it. */
export type MediaNews = { key: number; app_key: number; message_key: number | null; part: number; askers: number };

export function announcer(sqlite: DatabaseSync, settings: RecordsSettings) {
  const insertEvent = statement(
    sqlite,
    'INSERT INTO events (id, app_key, type, version, at, message_key, media_key) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const liveEndpoints = statement<Endpoint>(
    sqlite,
    "SELECT key, dialect, transport, events, settings, state FROM endpoints WHERE app_key = ? AND state <> 'deleted' ORDER BY key",
  );
  const insertDelivery = statement(
    sqlite,
    `INSERT INTO deliveries (id, app_key, event_key, endpoint_key, message_key, media_key, part, state, state_at, attempts, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
  );
  const insertJob = statement(
    sqlite,
    'INSERT INTO jobs (kind, lane, subject, state, due_at, deadline, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const unsentOf = statement<{ key: number }>(
    sqlite,
    `SELECT deliveries.key FROM deliveries JOIN events ON events.key = deliveries.event_key
     WHERE deliveries.message_key = ? AND (deliveries.state = 'pending' OR deliveries.state = 'paused')
       AND deliveries.endpoint_key = ? AND deliveries.part = ? AND deliveries.attempts = 0
       AND events.type IN ('message.received', 'message.echoed')
       AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = 'deliver' AND subject = deliveries.key AND state = 'leased')`,
  );

  const ready = new Set<JobKind>();

  function queue(
    kind: JobKind,
    lane: number,
    subject: number,
    due: Millis,
    now: Millis,
    deadline: Millis | null = null,
  ): void {
    insertJob.run(kind, lane, subject, due <= now ? 'ready' : 'waiting', due, deadline, now);
    if (due <= now) ready.add(kind);
  }

  /** States a fact. @returns the key of its event */
  function state(type: EventType, { appKey, messageKey, mediaKey }: Subject, now: Millis): number {
    return insertEvent.insert(newId('event', now), appKey, type, eventVersion, now, messageKey, mediaKey);
  }

  /** Who hears a type of event in an app. */
  const hearers = (appKey: number, type: EventType): Hearer[] =>
    hearing(liveEndpoints.all(appKey), type, settings.policies);

  /** Lays out one request of an event; a paused endpoint gets it when it resumes. */
  function deliver(event: number, subject: Subject, endpoint: Hearer, part: number, due: Millis, now: Millis): void {
    const paused = endpoint.state !== 'active';
    const { appKey, messageKey, mediaKey } = subject;
    const delivery = insertDelivery.insert(
      newId('delivery', now),
      appKey,
      event,
      endpoint.key,
      messageKey,
      mediaKey,
      part,
      paused ? 'paused' : 'pending',
      now,
      now,
    );
    if (!paused) queue('deliver', endpoint.key, delivery, due, now);
  }

  /** Tells each endpoint what became of a media, except where the news of its message is still to go out: that will carry it. */
  function tell(type: 'media.stored' | 'media.unavailable', media: MediaNews, now: Millis): void {
    const { app_key: appKey, message_key: messageKey } = media;
    const subject = { appKey, messageKey, mediaKey: media.key };
    const event = state(type, subject, now);
    for (const endpoint of hearers(appKey, type)) {
      if (isAnswered(endpoint, media)) continue;
      const unsent =
        messageKey !== null && unsentOf.get(messageKey, endpoint.key, partFor(endpoint.policy, media)) !== undefined;
      if (!unsent) deliver(event, subject, endpoint, 0, now, now);
    }
  }

  /** The kinds of jobs that may be worked on at once since this was asked last. */
  function becameReady(): JobKind[] {
    const kinds = [...ready];
    ready.clear();
    return kinds;
  }

  return { queue, state, hearers, deliver, tell, becameReady };
}

export type Announcer = ReturnType<typeof announcer>;
