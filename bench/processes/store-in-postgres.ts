// Stores webhooks as rows in the gateway's own schema on PostgreSQL, and nothing besides: one transaction for each batch, one
// statement for each table, keys counted here because nobody else writes.

import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { firstPostgres } from '../../src/database/migrations/0001-first-postgres.ts';
import type { Webhook } from '../webhooks.ts';

const app = 1;
const connection = 1;
const endpoint = 1;
const dayMs = 86_400_000;

type Row = { key: number } & Record<string, string | number | null>;

/** @param url of an empty database */
export async function storeInPostgres(
  url: string,
): Promise<{ store(bodies: readonly Buffer[]): Promise<void>; close(): Promise<void> }> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(firstPostgres);
  for (const table of ['journal', 'events', 'deliveries', 'attempts']) {
    await client.query(`CREATE TABLE ${table}_0 PARTITION OF ${table} FOR VALUES FROM (0) TO (1000000000)`);
  }
  // Apps and channels are only numbers here.
  await client.query('SET session_replication_role = replica');
  const conversations = new Map<string, number>();
  let last = 0;

  async function store(bodies: readonly Buffer[]): Promise<void> {
    const tables = new Map<string, Row[]>();
    const put = (table: string, row: Omit<Row, 'key'>): number => {
      const key = ++last;
      const rows = tables.get(table) ?? [];
      rows.push({ key, ...row });
      tables.set(table, rows);
      return key;
    };
    for (const body of bodies) rowsOf(body, put, conversations);
    await client.query('BEGIN');
    for (const [table, rows] of tables) {
      const columns = Object.keys(rows[0] ?? {}).join(', ');
      const text = `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${table}, $1::json)`;
      await client.query(text, [JSON.stringify(rows)]);
    }
    await client.query('COMMIT');
  }
  return { store, close: () => client.end() };
}

function rowsOf(
  body: Buffer,
  put: (table: string, row: Omit<Row, 'key'>) => number,
  conversations: Map<string, number>,
): void {
  const now = Date.now();
  const webhook = JSON.parse(body.toString()) as Webhook;
  let count = 0;
  for (const { value } of webhook.entry.flatMap(({ changes }) => changes)) {
    const channel = Number(value.metadata.phone_number_id) % 100;
    const channelRow = { app_key: app, channel_key: channel };
    for (const { id, from, timestamp, type, image } of value.messages) {
      count += 1;
      const person = `${channel} ${from}`;
      let conversation = conversations.get(person);
      if (conversation === undefined) {
        const name = value.contacts[0]?.profile.name ?? '';
        const contact = put('contacts', { id: randomUUID(), ...channelRow, name, created_at: now });
        put('contact_identities', { channel_key: channel, contact_key: contact, kind: 'phone', value: from });
        conversation = put('conversations', { id: randomUUID(), ...channelRow, contact_key: contact, created_at: now });
        conversations.set(person, conversation);
      }
      const at = Number(timestamp) * 1000;
      const message = put('messages', {
        id: randomUUID(),
        ...channelRow,
        conversation_key: conversation,
        dedupe_key: id,
        carrier_message_id: id,
        direction: 'inbound',
        origin: 'live',
        body: JSON.stringify({ kind: type, text: image.caption }),
        verified: 1,
        sent_at: at,
        received_at: now,
      });
      const media = put('media', {
        id: randomUUID(),
        ...channelRow,
        message_key: message,
        part: 0,
        kind: 'image',
        state: 'pending',
        state_at: now,
        carrier_media_id: image.id,
        voice: 0,
        animated: 0,
        details: JSON.stringify({ declaredType: image.mime_type, declaredSha256: image.sha256 }),
        received_at: now,
        deadline: at + 7 * dayMs,
      });
      const job = { attempt: 0, failures: 0, lapses: 0, created_at: now };
      put('jobs', { kind: 'capture', lane: channel, subject: media, state: 'ready', due_at: now, ...job });
      const event = put('events', {
        ...{ id: randomUUID(), app_key: app, type: 'message.received', version: 1, at: now, message_key: message },
      });
      const delivery = put('deliveries', {
        id: randomUUID(),
        app_key: app,
        event_key: event,
        endpoint_key: endpoint,
        message_key: message,
        part: 0,
        state: 'pending',
        state_at: now,
        attempts: 0,
        created_at: now,
      });
      put('jobs', {
        kind: 'deliver',
        lane: endpoint,
        subject: delivery,
        state: 'waiting',
        due_at: now + dayMs,
        ...job,
      });
    }
  }
  put('journal', {
    ...{ id: randomUUID(), connection_key: connection, received_at: now, messages: count, duplicates: 0, statuses: 0 },
    ...{ notices: 0, unrouted: 0, unparsed: 0, open: 0, problems: '[]', headers: '{}', bytes: body.length },
    body: `\\x${body.toString('hex')}`,
  });
}
