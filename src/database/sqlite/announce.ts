// Events, deliveries and jobs by prepared statements, for the two places that state thousands of facts a second:
// accepting a message and settling a capture.

import type { DatabaseSync } from 'node:sqlite';
import type { DialectPolicy } from '../../core/dialect.ts';
import { type Millis, newId } from '../../core/ids.ts';
import type { EventType } from '../../core/model.ts';
import type { JobKind, RecordsSettings } from '../../core/records.ts';
import type { EndpointState } from '../../core/states.ts';
import { eventVersion, hearing } from '../layout.ts';
import { statement } from './statement.ts';

export type Subject = { appKey: number; messageKey: number | null; mediaKey: number | null };
export type Hearer = {
  key: number;
  dialect: string;
  events: string | null;
  state: EndpointState;
  policy: DialectPolicy;
};

export function announcer(sqlite: DatabaseSync, settings: RecordsSettings) {
  const insertEvent = statement(
    sqlite,
    'INSERT INTO events (id, app_key, type, version, at, message_key, media_key) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const liveEndpoints = statement<Omit<Hearer, 'policy'>>(
    sqlite,
    "SELECT key, dialect, events, state FROM endpoints WHERE app_key = ? AND state <> 'deleted' ORDER BY key",
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

  function queue(
    kind: JobKind,
    lane: number,
    subject: number,
    due: Millis,
    now: Millis,
    deadline: Millis | null = null,
  ): void {
    insertJob.run(kind, lane, subject, due <= now ? 'ready' : 'waiting', due, deadline, now);
  }

  return {
    queue,

    /** States a fact. @returns the key of its event */
    state(type: EventType, { appKey, messageKey, mediaKey }: Subject, now: Millis): number {
      return insertEvent.insert(newId('event', now), appKey, type, eventVersion, now, messageKey, mediaKey);
    },

    /** Who hears a type of event in an app. */
    hearers: (appKey: number, type: EventType): Hearer[] => hearing(liveEndpoints.all(appKey), type, settings.policies),

    /** Lays out one request of an event; a paused endpoint gets it when it resumes. */
    deliver(event: number, subject: Subject, endpoint: Hearer, part: number, due: Millis, now: Millis): void {
      const state = endpoint.state === 'active' ? 'pending' : 'paused';
      const { appKey, messageKey, mediaKey } = subject;
      const id = newId('delivery', now);
      const delivery = insertDelivery.insert(
        id,
        appKey,
        event,
        endpoint.key,
        messageKey,
        mediaKey,
        part,
        state,
        now,
        now,
      );
      if (state === 'pending') queue('deliver', endpoint.key, delivery, due, now);
    },
  };
}

export type Announcer = ReturnType<typeof announcer>;
