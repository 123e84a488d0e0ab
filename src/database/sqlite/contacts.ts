import type { DatabaseSync } from 'node:sqlite';
import type { InboundMessage } from '../../core/carrier.ts';
import { type Millis, newId } from '../../core/ids.ts';
import { textOrNull } from '../inbound.ts';
import { statement } from './statement.ts';

type Channel = { app_key: number; channel_key: number };

/** Who a message is from or to, and where it belongs; both are made when they are new. */
export function contactBook(sqlite: DatabaseSync) {
  const byIdentity = statement<{ contact_key: number }>(
    sqlite,
    'SELECT contact_key FROM contact_identities WHERE channel_key = ? AND kind = ? AND value = ?',
  );
  const insertContact = statement(
    sqlite,
    'INSERT INTO contacts (id, app_key, channel_key, name, created_at) VALUES (?, ?, ?, ?, ?)',
  );
  const insertIdentity = statement(
    sqlite,
    'INSERT INTO contact_identities (channel_key, contact_key, kind, value) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const rename = statement(sqlite, 'UPDATE contacts SET name = ? WHERE key = ? AND name IS NOT ?');
  const ofContact = statement<{ key: number }>(
    sqlite,
    'SELECT key FROM conversations WHERE channel_key = ? AND contact_key = ?',
  );
  const ofGroup = statement<{ key: number }>(
    sqlite,
    'SELECT key FROM conversations WHERE channel_key = ? AND group_id = ?',
  );
  const insertConversation = statement(
    sqlite,
    'INSERT INTO conversations (id, app_key, channel_key, contact_key, group_id, created_at) VALUES (?, ?, ?, ?, ?, ?)',
  );

  function contactOf(
    { app_key, channel_key }: Channel,
    { identities, name }: InboundMessage,
    now: Millis,
  ): number | null {
    if (identities.length === 0) return null;
    const known = identities.map(({ kind, value }) => byIdentity.get(channel_key, kind, value)?.contact_key);
    const found = known.find((contact) => contact !== undefined);
    const text = textOrNull(name, 'name');
    const stored = text === null ? null : JSON.stringify(text);
    const contact = found ?? insertContact.insert(newId('contact', now), app_key, channel_key, stored, now);
    for (const [at, { kind, value }] of identities.entries()) {
      if (known[at] === undefined) insertIdentity.run(channel_key, contact, kind, value);
    }
    if (found !== undefined && stored !== null) rename.run(stored, found, stored);
    return contact;
  }

  function conversationOf(
    { app_key, channel_key }: Channel,
    contact: number | null,
    group: string | null,
    now: Millis,
  ): number | null {
    if (contact === null && group === null) return null;
    const known = group === null ? ofContact.get(channel_key, contact) : ofGroup.get(channel_key, group);
    if (known !== undefined) return known.key;
    const id = newId('conversation', now);
    return insertConversation.insert(id, app_key, channel_key, group === null ? contact : null, group, now);
  }

  return { contactOf, conversationOf };
}
