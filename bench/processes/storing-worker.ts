// Stores webhooks as rows in the gateway's own schema, and nothing besides: no routing, no settings, no care for bad input.

import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { first } from '../../src/database/migrations/0001-first.ts';
import type { Webhook } from '../webhooks.ts';

const database = new DatabaseSync(workerData as string, { enableForeignKeyConstraints: false });
database.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096; PRAGMA cache_size = -32768',
);
database.exec(first.sqlite);
const insert = (table: string, columns: string, more = '') =>
  database.prepare(
    `INSERT INTO ${table} (${columns}) VALUES (${columns
      .split(',')
      .map(() => '?')
      .join(', ')}) ${more}`,
  );
const journal = insert(
  'journal',
  'id, connection_key, received_at, messages, duplicates, statuses, notices, unrouted, unparsed, open, problems, headers, bytes, body',
);
const contactOf = database.prepare(
  'SELECT contact_key FROM contact_identities WHERE channel_key = ? AND kind = ? AND value = ?',
);
const contacts = insert('contacts', 'id, app_key, channel_key, name, created_at');
const identities = insert('contact_identities', 'channel_key, contact_key, kind, value');
const conversationOf = database.prepare('SELECT key FROM conversations WHERE channel_key = ? AND contact_key = ?');
const conversations = insert('conversations', 'id, app_key, channel_key, contact_key, group_id, created_at');
const messages = insert(
  'messages',
  'id, app_key, channel_key, conversation_key, contact_key, dedupe_key, carrier_message_id, group_id, direction, origin, body, verified, sent_at, received_at',
  'ON CONFLICT DO NOTHING',
);
const media = insert(
  'media',
  'id, app_key, channel_key, message_key, part, kind, state, state_at, carrier_media_id, voice, animated, details, received_at, deadline',
);
const events = insert('events', 'id, app_key, type, version, at, message_key');
const deliveries = insert(
  'deliveries',
  'id, app_key, event_key, endpoint_key, message_key, part, state, state_at, attempts, created_at',
);
const jobs = insert('jobs', 'kind, lane, subject, state, due_at, deadline, created_at');

const app = 1;
const connection = 1;
const endpoint = 1;
const dayMs = 86_400_000;

function store(body: Uint8Array): void {
  const now = Date.now();
  const { entry } = JSON.parse(Buffer.from(body).toString()) as Webhook;
  let count = 0;
  for (const { changes } of entry) {
    for (const { value } of changes) {
      const channel = Number(value.metadata.phone_number_id) % 100;
      for (const message of value.messages) {
        storeMessage(channel, value.contacts[0]?.profile.name ?? '', message, now);
        count += 1;
      }
    }
  }
  journal.run(randomUUID(), connection, now, count, 0, 0, 0, 0, 0, 0, '[]', '{}', body.byteLength, body);
}

function storeMessage(
  channel: number,
  name: string,
  message: Webhook['entry'][number]['changes'][number]['value']['messages'][number],
  now: number,
): void {
  const known = contactOf.get(channel, 'phone', message.from)?.['contact_key'] as number | undefined;
  const contact = known ?? Number(contacts.run(randomUUID(), app, channel, name, now).lastInsertRowid);
  if (known === undefined) {
    identities.run(channel, contact, 'phone', message.from);
    conversations.run(randomUUID(), app, channel, contact, null, now);
  }
  const conversation = conversationOf.get(channel, contact)?.['key'] as number;
  const { image } = message;
  const content = JSON.stringify({ kind: message.type, text: image.caption });
  const id = message.id;
  const at = Number(message.timestamp) * 1000;
  const stored = messages.run(
    ...[randomUUID(), app, channel, conversation, contact, id, id, null, 'inbound', 'live', content, 1, at, now],
  );
  if (stored.changes === 0) return;
  const key = Number(stored.lastInsertRowid);
  const details = JSON.stringify({
    caption: image.caption,
    declaredType: image.mime_type,
    declaredSha256: image.sha256,
  });
  const part = media.run(
    ...[randomUUID(), app, channel, key, 0, 'image', 'pending', now, image.id, 0, 0, details, now, at + 7 * dayMs],
  );
  jobs.run('capture', channel, Number(part.lastInsertRowid), 'ready', now, at + 7 * dayMs, now);
  const event = Number(events.run(randomUUID(), app, 'message.received', 1, now, key).lastInsertRowid);
  const delivery = deliveries.run(randomUUID(), app, event, endpoint, key, 0, 'pending', now, 0, now);
  jobs.run('deliver', endpoint, Number(delivery.lastInsertRowid), 'waiting', now + dayMs, null, now);
}

parentPort?.on('message', (bodies: Uint8Array[]) => {
  database.exec('BEGIN IMMEDIATE');
  for (const body of bodies) store(body);
  database.exec('COMMIT');
  parentPort?.postMessage(bodies.length);
});
