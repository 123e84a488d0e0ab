import type { InferResult } from 'kysely';
import type { Contact, Identity, Media, Message } from '../../core/model.ts';
import type { Access, Db, MessageBody } from '../schema.ts';
import { fromStored } from '../stored-json.ts';
import { isNone, type Keys, referredBy } from './by-key.ts';
import { mediaOfMessages } from './media.ts';

const selectMessage = (db: Db) =>
  db
    .selectFrom('messages')
    .innerJoin('apps', 'apps.key', 'messages.app_key')
    .innerJoin('channels', 'channels.key', 'messages.channel_key')
    .innerJoin('connections', 'connections.key', 'channels.connection_key')
    .leftJoin('conversations', 'conversations.key', 'messages.conversation_key')
    .leftJoin('contacts', 'contacts.key', 'messages.contact_key')
    .select([
      'messages.key',
      'messages.id',
      'messages.contact_key',
      'messages.carrier_message_id',
      'messages.group_id',
      'messages.direction',
      'messages.origin',
      'messages.body',
      'messages.verified',
      'messages.sent_at',
      'messages.received_at',
      'apps.id as app_id',
      'channels.id as channel_id',
      'channels.address',
      'channels.display',
      'connections.carrier',
      'conversations.id as conversation_id',
      'contacts.id as contact_id',
      'contacts.name as contact_name',
    ]);

type MessageRow = InferResult<ReturnType<typeof selectMessage>>[number];

function toMessage(row: MessageRow, identities: Identity[], media: Media[]): Message {
  const body = JSON.parse(row.body) as MessageBody;
  const contact: Contact | null =
    row.contact_id === null
      ? null
      : { id: row.contact_id as Contact['id'], name: fromStored<string>(row.contact_name), identities };
  return {
    key: row.key,
    id: row.id as Message['id'],
    appId: row.app_id as Message['appId'],
    channelId: row.channel_id as Message['channelId'],
    carrier: row.carrier,
    channelAddress: row.address,
    channelDisplay: JSON.parse(row.display) as string,
    conversationId: row.conversation_id as Message['conversationId'],
    contact,
    groupId: row.group_id,
    carrierMessageId: row.carrier_message_id,
    direction: row.direction,
    origin: row.origin,
    ...body,
    verified: row.verified === 1,
    sentAt: row.sent_at,
    receivedAt: row.received_at,
    media,
  };
}

/** Messages with their contacts and media, by key, in three queries. */
export async function messagesByKeys(access: Access, keys: Keys): Promise<Map<number, Message>> {
  if (isNone(keys)) return new Map();
  const [rows, identities, media] = await Promise.all([
    selectMessage(access.db).where('messages.key', 'in', keys).execute(),
    identitiesOf(access.db, referredBy('messages', 'contact_key', keys)),
    mediaOfMessages(access, keys),
  ]);
  return new Map(
    rows.map((row) => [row.key, toMessage(row, identities.get(row.contact_key ?? 0) ?? [], media.get(row.key) ?? [])]),
  );
}

async function identitiesOf(db: Db, contacts: Keys): Promise<Map<number, Identity[]>> {
  const rows = await db
    .selectFrom('contact_identities')
    .select(['contact_key', 'kind', 'value'])
    .where('contact_key', 'in', contacts)
    .orderBy('key')
    .execute();
  const found = new Map<number, Identity[]>();
  for (const { contact_key, kind, value } of rows) {
    const identity = { kind, value };
    const known = found.get(contact_key);
    if (known === undefined) found.set(contact_key, [identity]);
    else known.push(identity);
  }
  return found;
}
