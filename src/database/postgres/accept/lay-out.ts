// What a group of requests makes true, decided in memory over what is known, in the order in which they came. Whatever an
// earlier item makes is known to the later ones, so that copies within a group find each other. Nothing here can fail: the
// items were read before.

import { type Millis, newId } from '../../../core/ids.ts';
import type { AcceptOutcome, JobKind, RecordsSettings } from '../../../core/records.ts';
import { problemsOf } from '../../inbound.ts';
import { dueAt, firstState, partsOf } from '../../layout.ts';
import type { RowOf } from '../insert.ts';
import {
  conversationName,
  identityName,
  type Known,
  type KnownMessage,
  messageName,
  type Route,
  routeName,
} from './known.ts';
import type { Attachment, Item, PreparedUnit } from './prepare.ts';

/** When it is stored, and when it was received: the same, except for what is read again from the journal. */
type Times = { now: Millis; received: Millis };

export type Rows = {
  contacts: RowOf<'contacts'>[];
  /** Names that known contacts go by now. */
  renamed: Map<number, string>;
  identities: RowOf<'contact_identities'>[];
  conversations: RowOf<'conversations'>[];
  messages: RowOf<'messages'>[];
  /** Bodies for messages of which only a placeholder was known. */
  bodies: Map<number, string>;
  media: RowOf<'media'>[];
  captures: RowOf<'jobs'>[];
  journal: (Omit<RowOf<'journal'>, 'body'> & { id: string })[];
  bytes: Uint8Array[];
  /** What entries of the journal are found to hold when they are read again. */
  reread: (Reading & { id: string })[];
};

type Reading = Pick<
  RowOf<'journal'>,
  'messages' | 'duplicates' | 'statuses' | 'notices' | 'unrouted' | 'unparsed' | 'open' | 'problems'
>;

export const noRows = (): Rows => ({
  contacts: [],
  renamed: new Map(),
  identities: [],
  conversations: [],
  messages: [],
  bodies: new Map(),
  media: [],
  captures: [],
  journal: [],
  bytes: [],
  reread: [],
});

export function layOut(known: Known, rows: Rows, settings: RecordsSettings) {
  function contactOf({ app_key, channel_key }: Route, { identities, name }: Item, now: Millis): number | null {
    if (identities.length === 0) return null;
    const names = identities.map(({ kind, value }) => identityName(channel_key, kind, value));
    const found = names.map((each) => known.contacts.get(each)).find((contact) => contact !== undefined);
    const contact = found ?? known.next('contacts');
    if (found === undefined)
      rows.contacts.push({ key: contact, id: newId('contact', now), app_key, channel_key, name, created_at: now });
    else if (name !== null && known.names.get(contact) !== name) {
      known.names.set(contact, name);
      rows.renamed.set(contact, name);
    }
    for (const [at, { kind, value }] of identities.entries()) {
      const each = names[at] ?? '';
      if (known.contacts.has(each)) continue;
      known.contacts.set(each, contact);
      rows.identities.push({ channel_key, contact_key: contact, kind, value });
    }
    return contact;
  }

  function conversationOf(route: Route, contact: number | null, group: string | null, now: Millis): number | null {
    if (contact === null && group === null) return null;
    const { app_key, channel_key } = route;
    const name = conversationName(channel_key, contact, group);
    const found = known.conversations.get(name);
    if (found !== undefined) return found;
    const key = known.next('conversations');
    known.conversations.set(name, key);
    const id = newId('conversation', now);
    const contact_key = group === null ? contact : null;
    rows.conversations.push({ key, id, app_key, channel_key, contact_key, group_id: group, created_at: now });
    return key;
  }

  const stateOf = (route: Route, { available, row: { kind, voice } }: Attachment) =>
    firstState({ available, kind, voice: voice === 1 }, route.auto_download);

  /** @returns its key */
  function addMedia(route: Route, message: number, part: number, attachment: Attachment, times: Times): number {
    const { app_key, channel_key } = route;
    const { row } = attachment;
    const state = stateOf(route, attachment);
    const { now, received } = times;
    const key = known.next('media');
    rows.media.push({
      key,
      id: newId('media', now),
      app_key,
      channel_key,
      message_key: message,
      part,
      state,
      state_at: now,
      received_at: received,
      ...row,
    });
    if (state === 'pending') {
      const job = { kind: 'capture', lane: channel_key, subject: key, state: 'ready' } as const;
      rows.captures.push({ ...job, due_at: now, deadline: row.deadline, created_at: now });
    }
    return key;
  }

  function create(route: Route, item: Item, verified: boolean, times: Times): void {
    const { now, received } = times;
    const { app_key, channel_key } = route;
    const contact_key = contactOf(route, item, now);
    const conversation_key = conversationOf(route, contact_key, item.groupId, now);
    const key = known.next('messages');
    rows.messages.push({
      key,
      id: newId('message', now),
      app_key,
      channel_key,
      conversation_key,
      contact_key,
      ...item.row,
      verified: verified ? 1 : 0,
      received_at: received,
    });
    for (const [part, attachment] of item.media.entries()) addMedia(route, key, part, attachment, times);
    known.messages.set(messageName(channel_key, item.dedupeKey), {
      key,
      bare: item.bare,
      ids: new Set(item.media.map(({ row }) => row.carrier_media_id)),
      parts: new Set(item.media.keys()),
    });
    const { announce } = known;
    const pending = item.media.some((attachment) => stateOf(route, attachment) === 'pending');
    const type = item.row.direction === 'echo' ? 'message.echoed' : 'message.received';
    const subject = { appKey: app_key, messageKey: key, mediaKey: null };
    const event = announce.state(type, subject, now);
    for (const endpoint of announce.hearers(app_key, type)) {
      const due = dueAt(endpoint.policy, route, settings, now, pending);
      const parts = partsOf(endpoint.policy, item.media.length);
      for (let part = 0; part < parts; part++) announce.deliver(event, subject, endpoint, part, due, now);
    }
  }

  /** Takes from another copy of a known message what the first did not have. @returns how many media were added */
  function complete(route: Route, message: KnownMessage, item: Item, times: Times): number {
    if (message.bare && !item.bare) {
      rows.bodies.set(message.key, item.row.body);
      message.bare = false;
    }
    const { ids, parts } = message;
    let added = 0;
    for (const [place, attachment] of item.media.entries()) {
      const id = attachment.row.carrier_media_id;
      // Without an id of the carrier only its place tells whether it is known.
      if (id === null ? parts.has(place) : ids.has(id)) continue;
      const part = parts.has(place) ? Math.max(...parts) + 1 : place;
      const key = addMedia(route, message.key, part, attachment, times);
      // Nothing will be fetched of it, so this is all that there will ever be to tell.
      if (!attachment.available)
        known.announce.tell(
          'media.unavailable',
          { key, app_key: route.app_key, message_key: message.key, part, askers: 0 },
          times.now,
        );
      parts.add(part);
      ids.add(id);
      added++;
    }
    return added;
  }

  return function take({ unit, journalId, items, unparsed, headers }: PreparedUnit, connection: number): AcceptOutcome {
    const { connectionId, receivedAt: now, verified, replays } = unit;
    const times = { now, received: known.received.get(journalId) ?? now };
    const captures = rows.captures.length;
    const tally = { created: 0, duplicates: 0, mediaAdded: 0, unrouted: 0, unparsed: unparsed.length };
    const problems = [...unparsed];
    for (const item of items) {
      const route = known.routes.get(routeName(connectionId, item.address));
      const message = route && known.messages.get(messageName(route.channel_key, item.dedupeKey));
      if (route === undefined) {
        tally.unrouted++;
        problems.push(`unrouted: ${item.address}`);
      } else if (message === undefined) {
        create(route, item, verified, times);
        tally.created++;
      } else {
        tally.mediaAdded += complete(route, message, item, times);
        tally.duplicates++;
      }
    }
    const reading: Reading = {
      messages: tally.created,
      duplicates: tally.duplicates,
      statuses: unit.statuses,
      notices: unit.notices,
      unrouted: tally.unrouted,
      unparsed: tally.unparsed,
      open: tally.unrouted + tally.unparsed > 0 ? 1 : 0,
      problems: problemsOf(problems),
    };
    if (replays !== undefined) rows.reread.push({ id: journalId, ...reading });
    else {
      const bytes = unit.body.byteLength;
      rows.journal.push({ id: journalId, connection_key: connection, received_at: now, ...reading, headers, bytes });
      rows.bytes.push(unit.body);
    }
    const ready: JobKind[] = rows.captures.length > captures ? ['capture'] : [];
    if (known.announce.becameReady()) ready.push('deliver');
    return { journalId, ...tally, ready };
  };
}
