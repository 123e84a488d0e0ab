// Accepting: a request's journal row, its messages, media, event, deliveries and jobs become true in one commit.
// A group of requests is written plainly first. When something in it throws, the writer redoes its commands one by
// one and asks for care: then a unit is tried whole, after that item by item, and at last kept as its journal row
// alone. An outage (a full disk, a lost file) is never taken for a fault of what was to be written.
// Units are written in the order they came: there is one writer, so no order can deadlock.

import type { DatabaseSync } from 'node:sqlite';
import type { InboundMessage, MediaClaim } from '../../core/carrier.ts';
import { Fault } from '../../core/faults.ts';
import { type Millis, newId } from '../../core/ids.ts';
import type { AcceptOutcome, AcceptUnit, RecordsSettings } from '../../core/records.ts';
import { bodyOf, detailsOf, placeholderKind, problemsOf } from '../inbound.ts';
import { dueAt, firstState, partsOf } from '../layout.ts';
import type { MessageBody } from '../schema.ts';
import { toStored } from '../stored-json.ts';
import { announcer } from './announce.ts';
import { contactBook } from './contacts.ts';
import { isOutage } from './failure.ts';
import { statement } from './statement.ts';

type Route = {
  channel_key: number;
  app_key: number;
  deliver_within_seconds: number | null;
  hold_limit_seconds: number | null;
  auto_download: string | null;
};
/** When it is stored, and when it was received: the same, except for what is read again from the journal. */
type Times = { now: Millis; received: Millis };
type Timed = AcceptUnit & { times: Times };
type Tally = Omit<AcceptOutcome, 'journalId' | 'ready'> & { problems: string[] };

export function acceptor(sqlite: DatabaseSync, settings: RecordsSettings) {
  const connectionKey = statement<{ key: number }>(sqlite, 'SELECT key FROM connections WHERE id = ?');
  const routeTo = statement<Route>(
    sqlite,
    `SELECT channels.key AS channel_key, apps.key AS app_key, apps.deliver_within_seconds, apps.hold_limit_seconds,
       apps.auto_download
     FROM channels JOIN apps ON apps.key = channels.app_key
     WHERE channels.connection_key = ? AND channels.address = ? AND channels.state <> 'destroyed' AND apps.deleted_at IS NULL`,
  );
  const knownMessage = statement<{ key: number; body: string }>(
    sqlite,
    'SELECT key, body FROM messages WHERE app_key = ? AND channel_key = ? AND dedupe_key = ?',
  );
  const insertMessage = statement(
    sqlite,
    `INSERT INTO messages (id, app_key, channel_key, conversation_key, contact_key, dedupe_key, carrier_message_id, group_id,
       direction, origin, body, verified, sent_at, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const updateBody = statement(sqlite, 'UPDATE messages SET body = ? WHERE key = ?');
  const knownMedia = statement<{ part: number; carrier_media_id: string | null }>(
    sqlite,
    'SELECT part, carrier_media_id FROM media WHERE message_key = ? ORDER BY part',
  );
  const insertMedia = statement(
    sqlite,
    `INSERT INTO media (id, app_key, channel_key, message_key, part, kind, state, reason, state_at, carrier_media_id, voice, animated,
       thumbnail_of, details, received_at, deadline) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertJournal = statement(
    sqlite,
    `INSERT INTO journal (id, connection_key, received_at, messages, duplicates, statuses, notices, unrouted, unparsed, open,
       problems, headers, bytes, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const receivedAt = statement<{ received_at: Millis }>(sqlite, 'SELECT received_at FROM journal WHERE id = ?');
  const updateJournal = statement(
    sqlite,
    `UPDATE journal SET messages = ?, duplicates = ?, statuses = ?, notices = ?, unrouted = ?, unparsed = ?, open = ?, problems = ?
     WHERE id = ?`,
  );
  const contacts = contactBook(sqlite);
  const announce = announcer(sqlite, settings);

  const stateOf = (route: Route, { unavailable, kind, voice }: MediaClaim) =>
    firstState({ available: unavailable === null, kind, voice }, route.auto_download);

  /** @returns its key */
  function addMedia(route: Route, messageKey: number, part: number, claim: MediaClaim, times: Times): number {
    const { now, received } = times;
    const state = stateOf(route, claim);
    const key = insertMedia.insert(
      newId('media', now),
      route.app_key,
      route.channel_key,
      messageKey,
      part,
      claim.kind,
      state,
      toStored(claim.unavailable),
      now,
      claim.carrierMediaId,
      claim.voice ? 1 : 0,
      claim.animated ? 1 : 0,
      claim.thumbnailOf,
      detailsOf(claim),
      received,
      claim.deadline,
    );
    if (state === 'pending') announce.queue('capture', route.channel_key, key, now, now, claim.deadline);
    return key;
  }

  function create(route: Route, message: InboundMessage, verified: boolean, times: Times): void {
    const { now, received } = times;
    const contact = contacts.contactOf(route, message, now);
    const messageKey = insertMessage.insert(
      newId('message', now),
      route.app_key,
      route.channel_key,
      contacts.conversationOf(route, contact, message.groupId, now),
      contact,
      message.dedupeKey,
      message.carrierMessageId,
      message.groupId,
      message.direction,
      message.origin,
      bodyOf(message),
      verified ? 1 : 0,
      message.sentAt,
      received,
    );
    for (const [part, claim] of message.media.entries()) addMedia(route, messageKey, part, claim, times);
    const pending = message.media.some((claim) => stateOf(route, claim) === 'pending');
    const type = message.direction === 'echo' ? 'message.echoed' : 'message.received';
    const subject = { appKey: route.app_key, messageKey, mediaKey: null };
    const event = announce.state(type, subject, now);
    for (const endpoint of announce.hearers(route.app_key, type)) {
      const due = dueAt(endpoint.policy, route, settings, now, pending);
      const parts = partsOf(endpoint.policy, message.media.length);
      for (let part = 0; part < parts; part++) announce.deliver(event, subject, endpoint, part, due, now);
    }
  }

  /** Takes from another copy of a known message what the first did not have. @returns how many media were added */
  function complete(route: Route, known: { key: number; body: string }, message: InboundMessage, times: Times): number {
    const bare = (JSON.parse(known.body) as MessageBody).kind === placeholderKind;
    if (bare && message.kind !== placeholderKind) updateBody.run(bodyOf(message), known.key);
    if (message.media.length === 0) return 0;
    const rows = knownMedia.all(known.key);
    const ids = new Set(rows.map((row) => row.carrier_media_id));
    const parts = new Set(rows.map((row) => row.part));
    let added = 0;
    for (const [place, claim] of message.media.entries()) {
      const { carrierMediaId: id } = claim;
      // Without an id of the carrier only its place tells whether it is known.
      if (id === null ? parts.has(place) : ids.has(id)) continue;
      const part = parts.has(place) ? Math.max(...parts) + 1 : place;
      const key = addMedia(route, known.key, part, claim, times);
      // Nothing will be fetched of it, so this is all that there will ever be to tell.
      if (claim.unavailable !== null) {
        const media = { key, app_key: route.app_key, message_key: known.key, part, askers: 0 };
        announce.tell('media.unavailable', media, times.now);
      }
      parts.add(part);
      ids.add(id);
      added++;
    }
    return added;
  }

  function take(connection: number, unit: Timed, message: InboundMessage, tally: Tally): void {
    const route = routeTo.get(connection, message.address);
    if (route === undefined) {
      tally.unrouted++;
      tally.problems.push(`unrouted: ${message.address}`);
      return;
    }
    const known = knownMessage.get(route.app_key, route.channel_key, message.dedupeKey);
    if (known === undefined) {
      create(route, message, unit.verified, unit.times);
      tally.created++;
    } else {
      tally.mediaAdded += complete(route, known, message, unit.times);
      tally.duplicates++;
    }
  }

  function record(connection: number, unit: AcceptUnit, { problems, ...counts }: Tally): AcceptOutcome {
    const journalId = unit.replays ?? newId('journal', unit.receivedAt);
    const read = [
      counts.created,
      counts.duplicates,
      unit.statuses,
      unit.notices,
      counts.unrouted,
      counts.unparsed,
      counts.unrouted + counts.unparsed > 0 ? 1 : 0,
      problemsOf(problems),
    ];
    const { headers, body } = unit;
    if (unit.replays !== undefined) updateJournal.run(...read, journalId);
    else
      insertJournal.run(
        journalId,
        connection,
        unit.receivedAt,
        ...read,
        JSON.stringify(headers),
        body.byteLength,
        body,
      );
    return { journalId, ...counts, ready: announce.becameReady() };
  }

  const tallyOf = (unit: AcceptUnit): Tally => ({
    created: 0,
    duplicates: 0,
    mediaAdded: 0,
    unrouted: 0,
    unparsed: unit.unparsed.length,
    problems: [...unit.unparsed],
  });

  function plainly(connection: number, unit: Timed): AcceptOutcome {
    const tally = tallyOf(unit);
    for (const message of unit.messages) take(connection, unit, message, tally);
    return record(connection, unit, tally);
  }

  function itemByItem(connection: number, unit: Timed): AcceptOutcome {
    let tally = tallyOf(unit);
    for (const message of unit.messages) {
      const before = { ...tally, problems: [...tally.problems] };
      const taken = within(() => take(connection, unit, message, tally));
      if (!taken.ok)
        tally = { ...before, unparsed: before.unparsed + 1, problems: [...before.problems, taken.problem] };
    }
    return record(connection, unit, tally);
  }

  function bareJournal(connection: number, unit: AcceptUnit, problem: string): AcceptOutcome {
    const items = Array.isArray(unit.messages) ? unit.messages.length : 1;
    const nothing = {
      created: 0,
      duplicates: 0,
      mediaAdded: 0,
      unrouted: 0,
      unparsed: Math.max(1, items),
      problems: [problem],
    };
    return record(connection, { ...unit, headers: {}, statuses: 0, notices: 0 }, nothing);
  }

  function carefully(connection: number, unit: Timed): AcceptOutcome {
    const whole = within(() => plainly(connection, unit));
    if (whole.ok) return whole.value;
    const pieces = within(() => itemByItem(connection, unit));
    return pieces.ok ? pieces.value : bareJournal(connection, unit, pieces.problem);
  }

  /** Runs a step in a savepoint: what fails leaves nothing behind. @throws on an outage */
  function within<Value>(step: () => Value): { ok: true; value: Value } | { ok: false; problem: string } {
    sqlite.exec('SAVEPOINT step');
    try {
      const value = step();
      sqlite.exec('RELEASE step');
      return { ok: true, value };
    } catch (error) {
      if (isOutage(error)) throw error;
      sqlite.exec('ROLLBACK TO step; RELEASE step');
      return { ok: false, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  /** @throws Fault not_found when it is read again from an entry of the journal that is gone */
  function timesOf({ receivedAt: now, replays }: AcceptUnit): Times {
    if (replays === undefined) return { now, received: now };
    const entry = receivedAt.get(replays);
    if (entry === undefined) throw new Fault('not_found');
    return { now, received: entry.received_at };
  }

  /** @throws when something cannot be stored and no care is asked for; on an outage; for a connection that never was */
  return (units: readonly AcceptUnit[], careful: boolean): AcceptOutcome[] =>
    units.map((unit) => {
      const connection = connectionKey.get(unit.connectionId)?.key;
      if (connection === undefined) throw new Error(`there is no connection ${unit.connectionId}`);
      const timed = { ...unit, times: timesOf(unit) };
      return careful ? carefully(connection, timed) : plainly(connection, timed);
    });
}
