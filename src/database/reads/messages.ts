import { sql } from 'kysely';
import type { Message, Reach } from '../../core/model.ts';
import type { MessageFilter, Page, PageRequest } from '../../core/records.ts';
import type { Access } from '../schema.ts';
import { messagesByKeys } from '../views/message.ts';
import { pageOf } from './page.ts';
import { keyWithin, narrowed } from './reach.ts';

export async function message(
  access: Access,
  { reach, id }: { reach: Reach; id: string },
): Promise<Message | undefined> {
  const key = await keyWithin(access, 'messages', reach, id);
  return key === undefined ? undefined : (await messagesByKeys(access, [key])).get(key);
}

export async function listMessages(
  access: Access,
  { reach, filter, page }: { reach: Reach; filter: MessageFilter; page: PageRequest },
): Promise<Page<Message>> {
  const { appId, channelId, conversationId, carrierMessageId } = filter;
  const { owners, key: conversationKey } = await narrowed(access, reach, appId, 'conversations', conversationId);
  const channelKey = channelId === undefined ? undefined : await keyWithin(access, 'channels', reach, channelId, appId);
  if (channelId !== undefined && channelKey === undefined) return { rows: [], next: null };
  // The carrier's id finds them by itself; a sum keeps the indexes over whole apps out of it.
  const app = carrierMessageId === undefined ? sql<number>`messages.app_key` : sql<number>`(messages.app_key + 0)`;
  return await pageOf(
    'messages',
    page,
    owners,
    async (owner, before, limit) => {
      let rows = access.db
        .selectFrom('messages')
        .innerJoin('apps', (join) => join.on(sql`apps.key`, '=', app))
        .select('messages.key')
        .where('apps.deleted_at', 'is', null)
        .where('messages.key', '<', before)
        .orderBy('messages.key', 'desc')
        .limit(limit);
      if (owner !== null) rows = rows.where(app, '=', owner);
      if (conversationKey !== undefined) rows = rows.where('messages.conversation_key', '=', conversationKey);
      if (channelKey !== undefined) rows = rows.where('messages.channel_key', '=', channelKey);
      if (carrierMessageId !== undefined) rows = rows.where('messages.carrier_message_id', '=', carrierMessageId);
      return await rows.execute();
    },
    (keys) => messagesByKeys(access, keys),
  );
}
