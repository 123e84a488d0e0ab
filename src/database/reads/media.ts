import { type SqlBool, sql } from 'kysely';
import type { Media, Reach } from '../../core/model.ts';
import type { MediaFilter, Page, PageRequest } from '../../core/records.ts';
import type { MediaState } from '../../core/states.ts';
import type { Access } from '../schema.ts';
import { mediaByKeys } from '../views/media.ts';
import { pageOf } from './page.ts';
import { eachOwner, keyWithin, narrowed } from './reach.ts';

/** What is in these states is found by its state and put in order; among everything else it would be looked for long. */
const rare: readonly (MediaState | undefined)[] = ['remote', 'pending', 'unavailable'];

export async function media(access: Access, { reach, id }: { reach: Reach; id: string }): Promise<Media | undefined> {
  const key = await keyWithin(access, 'media', reach, id);
  return key === undefined ? undefined : (await mediaByKeys(access, [key])).get(key);
}

export async function mediaForLink(access: Access, { id }: { id: string }): Promise<Media | undefined> {
  return await media(access, { reach: { kind: 'instance' }, id });
}

export async function listMedia(
  access: Access,
  { reach, filter, page }: { reach: Reach; filter: MediaFilter; page: PageRequest },
): Promise<Page<Media>> {
  const { state, kind, appId, messageId } = filter;
  const { owners, key: messageKey } = await narrowed(access, reach, appId, 'messages', messageId);
  const byState = messageKey === undefined && rare.includes(state);
  // A sum keeps the indexes that are in order out of it.
  const key = byState ? sql<number>`(media.key + 0)` : sql<number>`media.key`;
  // As the view has it: media of a destroyed channel is deleted. Looked up in a list of those: joined, the statistics of an only
  // channel make PostgreSQL believe that nothing is kept, and so read everything.
  const kept = sql<SqlBool>`(media.state <> 'deleted' and (media.channel_key is null
    or media.channel_key not in (select key from channels where state = 'destroyed')))`;
  return await pageOf(
    'media',
    page,
    byState ? await eachOwner(access, owners) : owners,
    async (owner, before, limit) => {
      let rows = access.db
        .selectFrom('media')
        .innerJoin('apps', 'apps.key', 'media.app_key')
        .select('media.key')
        .where('apps.deleted_at', 'is', null)
        .where(key, '<', before)
        .orderBy(key, 'desc')
        .limit(limit);
      if (owner !== null) rows = rows.where('media.app_key', '=', owner);
      if (messageKey !== undefined) rows = rows.where('media.message_key', '=', messageKey);
      if (kind !== undefined) rows = rows.where('media.kind', '=', kind);
      rows = rows.where(state === 'deleted' ? sql<SqlBool>`not ${kept}` : kept);
      if (state !== undefined && state !== 'deleted') rows = rows.where('media.state', '=', state);
      return await rows.execute();
    },
    (keys) => mediaByKeys(access, keys),
  );
}
