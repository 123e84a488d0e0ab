import type { Message, Reach } from '../../core/model.ts';
import type { MessageFilter, Page, PageRequest } from '../../core/records.ts';
import type { Access } from '../schema.ts';
import { messagesByKeys } from '../views/message.ts';
import { pageOf } from './page.ts';
import { ownersWithin, within } from './reach.ts';

export async function message(
  access: Access,
  { reach, id }: { reach: Reach; id: string },
): Promise<Message | undefined> {
  const row = await access.db
    .selectFrom('messages')
    .innerJoin('apps', 'apps.key', 'messages.app_key')
    .select('messages.key')
    .where('messages.id', '=', id)
    .where(within(reach))
    .executeTakeFirst();
  return row && (await messagesByKeys(access, [row.key])).get(row.key);
}

export async function listMessages(
  access: Access,
  { reach, filter, page }: { reach: Reach; filter: MessageFilter; page: PageRequest },
): Promise<Page<Message>> {
  const { channelId, conversationId } = filter;
  return await pageOf(
    'messages',
    page,
    await ownersWithin(access, reach, filter.appId),
    async (owner, before, limit) => {
      let rows = access.db
        .selectFrom('messages')
        .innerJoin('apps', 'apps.key', 'messages.app_key')
        .select('messages.key')
        .where('apps.deleted_at', 'is', null)
        .where('messages.key', '<', before)
        .orderBy('messages.key', 'desc')
        .limit(limit);
      if (owner !== null) rows = rows.where('messages.app_key', '=', owner);
      if (channelId !== undefined) {
        rows = rows.where('messages.channel_key', '=', (q) =>
          q.selectFrom('channels').select('key').where('id', '=', channelId),
        );
      }
      if (conversationId !== undefined) {
        rows = rows.where('messages.conversation_key', '=', (q) =>
          q.selectFrom('conversations').select('key').where('id', '=', conversationId),
        );
      }
      return await rows.execute();
    },
    (keys) => messagesByKeys(access, keys),
  );
}
