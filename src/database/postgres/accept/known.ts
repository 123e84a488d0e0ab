// What is there already of what a group of requests brings, read in one round trip. Channels and endpoints are locked
// against change until the commit: a message neither comes into a channel that is just being destroyed, nor is it laid out
// as waiting for an endpoint that has just resumed. What else may change meanwhile is held by unique indexes: whoever comes
// second fails, looks again and finds what the first has written.

import type { Millis } from '../../../core/ids.ts';
import type { RecordsSettings } from '../../../core/records.ts';
import { announceEvents } from '../../event-horizon.ts';
import { placeholderKind } from '../../inbound.ts';
import type { MessageBody } from '../../schema.ts';
import { type Announcer, announcer, type Endpoint, nextKey, takeKeys } from '../announce.ts';
import type { Tx } from '../transaction.ts';
import { lockUnsent } from '../unsent.ts';
import type { PreparedUnit } from './prepare.ts';

export type Route = {
  channel_key: number;
  app_key: number;
  deliver_within_seconds: number | null;
  hold_limit_seconds: number | null;
  auto_download: string | null;
};
export type KnownMessage = { key: number; bare: boolean; ids: Set<string | null>; parts: Set<number> };

export type Known = {
  /** Keys of connections by their public ids. */
  connections: Map<string, number>;
  /** When entries of the journal that are read again were received. */
  received: Map<string, Millis>;
  routes: Map<string, Route>;
  messages: Map<string, KnownMessage>;
  contacts: Map<string, number>;
  /** What contacts go by, as a JSON column has it. */
  names: Map<number, string | null>;
  conversations: Map<string, number>;
  next(table: 'contacts' | 'conversations' | 'messages' | 'media'): number;
  announce: Announcer;
};

// Ids of connections have no spaces, and whatever a stranger wrote comes last.
export const routeName = (connectionId: string, address: string) => `${connectionId} ${address}`;
export const messageName = (channel: number, dedupeKey: string) => `${channel} ${dedupeKey}`;
export const identityName = (channel: number, kind: string, value: string) => `${channel} ${kind} ${value}`;
export const conversationName = (channel: number, contact: number | null, group: string | null) =>
  group === null ? `${channel} contact ${contact}` : `${channel} group ${group}`;

const liveChannel = `JOIN connections ON connections.id = given.connection
    JOIN channels ON channels.connection_key = connections.key AND channels.address = given.address
      AND channels.state <> 'destroyed'`;
const places = `unnest($1::text[], $2::text[]) AS given (connection, address) ${liveChannel}`;
// Each row is looked up by itself (LATERAL … LIMIT) in a unique index: left to choose, the planner reads whole channels
// while it has no statistics yet.
const copiesOf = `unnest($1::text[], $2::text[], $3::text[]) AS given (connection, address, dedupe_key) ${liveChannel}
    CROSS JOIN LATERAL (SELECT key, channel_key, dedupe_key, body FROM messages WHERE messages.app_key = channels.app_key
      AND messages.channel_key = channels.key AND messages.dedupe_key = given.dedupe_key LIMIT 1) AS copy`;

const statements = {
  connections: 'SELECT id, key FROM connections WHERE id = ANY ($1::text[])',
  received: 'SELECT id, received_at FROM journal WHERE id = ANY ($1::text[])',
  routes: `SELECT given.connection, given.address, channels.key AS channel_key, apps.key AS app_key,
      apps.deliver_within_seconds, apps.hold_limit_seconds, apps.auto_download
    FROM ${places} JOIN apps ON apps.key = channels.app_key AND apps.deleted_at IS NULL
    ORDER BY channels.key FOR SHARE OF channels`,
  endpoints: `SELECT key, app_key, dialect, transport, events, settings, state FROM endpoints
    WHERE state <> 'deleted' AND app_key = ANY (array(SELECT channels.app_key FROM ${places})) ORDER BY key FOR SHARE`,
  // One row for each media, or one without any.
  messages: `SELECT copy.key, copy.channel_key, copy.dedupe_key, copy.body, media.part, media.carrier_media_id
    FROM ${copiesOf} LEFT JOIN media ON media.message_key = copy.key`,
  messageKeys: `array(SELECT copy.key FROM ${copiesOf})`,
  identities: `SELECT known.channel_key, known.kind, known.value, known.contact_key, contacts.name,
      conversation.key AS conversation_key
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS given (connection, address, kind, value) ${liveChannel}
    CROSS JOIN LATERAL (SELECT channel_key, kind, value, contact_key FROM contact_identities
      WHERE channel_key = channels.key AND kind = given.kind AND value = given.value LIMIT 1) AS known
    JOIN contacts ON contacts.key = known.contact_key
    LEFT JOIN LATERAL (SELECT key FROM conversations
      WHERE channel_key = channels.key AND contact_key = known.contact_key LIMIT 1) AS conversation ON TRUE`,
  groups: `SELECT conversation.channel_key, conversation.group_id, conversation.key
    FROM unnest($1::text[], $2::text[], $3::text[]) AS given (connection, address, group_id) ${liveChannel}
    CROSS JOIN LATERAL (SELECT channel_key, group_id, key FROM conversations
      WHERE channel_key = channels.key AND group_id = given.group_id LIMIT 1) AS conversation`,
};

/** @param items of one group of requests, in any order */
export async function readKnown(tx: Tx, units: readonly PreparedUnit[], settings: RecordsSettings): Promise<Known> {
  const items = units.flatMap(({ unit, items }) => items.map((item) => ({ connection: unit.connectionId, item })));
  const where = new Map(
    items.map(({ connection, item }) => [routeName(connection, item.address), [connection, item.address]]),
  );
  const at = [[...where.values()].map(([connection]) => connection), [...where.values()].map(([, address]) => address)];
  const copies = columnsOf(items, ({ connection, item }) => [[connection, item.address, item.dedupeKey]]);
  const persons = columnsOf(items, ({ connection, item }) =>
    item.identities.map(({ kind, value }) => [connection, item.address, kind, value]),
  );
  const groups = columnsOf(items, ({ connection, item: { address, groupId } }) =>
    groupId === null ? [] : [[connection, address, groupId]],
  );
  const attachments = items.reduce((sum, { item }) => sum + item.media.length, 0);
  const replayed = units.flatMap(({ unit }) => unit.replays ?? []);
  const some = items.length > 0;
  const ask = <Row>(wanted: boolean, text: string, values: unknown[]): Promise<Row[]> =>
    wanted ? tx.rows<Row>(text, values) : Promise.resolve([]);

  // Before the keys of events are taken.
  if (some) tx.send(announceEvents);
  const [connections, received, routes, endpoints, messages, identities, conversations, taken, unsent] =
    await Promise.all([
      tx.rows<{ id: string; key: number }>(statements.connections, [
        [...new Set(units.map(({ unit }) => unit.connectionId))],
      ]),
      ask<{ id: string; received_at: Millis }>(replayed.length > 0, statements.received, [replayed]),
      ask<Route & { connection: string; address: string }>(some, statements.routes, at),
      ask<Endpoint>(some, statements.endpoints, at),
      ask<Copy>(some, statements.messages, copies),
      ask<Identity>(persons[0]?.length !== 0, statements.identities, persons),
      ask<{ channel_key: number; group_id: string; key: number }>(groups[0]?.length !== 0, statements.groups, groups),
      takeKeys(tx, {
        contacts: items.length,
        conversations: items.length,
        messages: items.length,
        media: attachments,
        events: items.length + attachments,
      }),
      // Only media that cannot be had is told at once, and only where the message was known without it.
      items.some(({ item }) => item.media.some(({ available }) => !available))
        ? lockUnsent(tx, statements.messageKeys, copies)
        : [],
    ]);

  const iterators = {
    contacts: taken.contacts.values(),
    conversations: taken.conversations.values(),
    messages: taken.messages.values(),
    media: taken.media.values(),
  };
  return {
    connections: new Map(connections.map(({ id, key }) => [id, key])),
    received: new Map(received.map(({ id, received_at }) => [id, received_at])),
    routes: new Map(routes.map((route) => [routeName(route.connection, route.address), route])),
    messages: messagesOf(messages),
    contacts: new Map(
      identities.map(({ channel_key, kind, value, contact_key }) => [
        identityName(channel_key, kind, value),
        contact_key,
      ]),
    ),
    names: new Map(identities.map(({ contact_key, name }) => [contact_key, name])),
    conversations: new Map([
      ...identities.flatMap(({ channel_key, contact_key, conversation_key }) =>
        conversation_key === null
          ? []
          : [[conversationName(channel_key, contact_key, null), conversation_key] as const],
      ),
      ...conversations.map(
        ({ channel_key, group_id, key }) => [conversationName(channel_key, null, group_id), key] as const,
      ),
    ]),
    next: (table) => nextKey(iterators[table]),
    announce: announcer({ endpoints, eventKeys: taken.events.values(), unsent, settings }),
  };
}

type Copy = {
  key: number;
  channel_key: number;
  dedupe_key: string;
  body: string;
  /** null: the message has no media. */
  part: number | null;
  carrier_media_id: string | null;
};
type Identity = {
  channel_key: number;
  kind: string;
  value: string;
  contact_key: number;
  name: string | null;
  conversation_key: number | null;
};

function messagesOf(copies: readonly Copy[]): Map<string, KnownMessage> {
  const messages = new Map<string, KnownMessage>();
  for (const { key, channel_key, dedupe_key, body, part, carrier_media_id } of copies) {
    const name = messageName(channel_key, dedupe_key);
    const message = messages.get(name) ?? {
      key,
      bare: (JSON.parse(body) as MessageBody).kind === placeholderKind,
      ids: new Set(),
      parts: new Set(),
    };
    if (part !== null) {
      message.parts.add(part);
      message.ids.add(carrier_media_id);
    }
    messages.set(name, message);
  }
  return messages;
}

/** Rows of text as the columns that `unnest` takes, each row once. */
function columnsOf<Item>(items: readonly Item[], rowsOf: (item: Item) => string[][]): string[][] {
  const rows = new Map(items.flatMap(rowsOf).map((row) => [row.join(' '), row]));
  const width = rows.values().next().value?.length ?? 0;
  const columns: string[][] = Array.from({ length: Math.max(1, width) }, () => []);
  for (const row of rows.values()) for (const [at, value] of row.entries()) columns[at]?.push(value);
  return columns;
}
