import { type SqlBool, sql } from 'kysely';
import type { Media, Reach } from '../../core/model.ts';
import type { MediaFilter, Page, PageRequest } from '../../core/records.ts';
import type { Access } from '../schema.ts';
import { mediaByKeys } from '../views/media.ts';
import { pageOf } from './page.ts';
import { ownersWithin, within } from './reach.ts';

/** The key of a media within reach. */
export async function mediaKey({ db }: Access, reach: Reach, id: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('media')
    .innerJoin('apps', 'apps.key', 'media.app_key')
    .select('media.key')
    .where('media.id', '=', id)
    .where(within(reach))
    .executeTakeFirst();
  return row?.key;
}

export async function media(access: Access, { reach, id }: { reach: Reach; id: string }): Promise<Media | undefined> {
  const key = await mediaKey(access, reach, id);
  return key === undefined ? undefined : (await mediaByKeys(access, [key])).get(key);
}

export async function mediaForLink(access: Access, { id }: { id: string }): Promise<Media | undefined> {
  return await media(access, { reach: { kind: 'instance' }, id });
}

export async function listMedia(
  access: Access,
  { reach, filter, page }: { reach: Reach; filter: MediaFilter; page: PageRequest },
): Promise<Page<Media>> {
  const { state, kind, messageId } = filter;
  // As the view has it: media of a destroyed channel is deleted.
  const kept = sql<SqlBool>`(media.state <> 'deleted' and channels.state is distinct from 'destroyed')`;
  return await pageOf(
    'media',
    page,
    await ownersWithin(access, reach, filter.appId),
    async (owner, before, limit) => {
      let rows = access.db
        .selectFrom('media')
        .innerJoin('apps', 'apps.key', 'media.app_key')
        .leftJoin('channels', 'channels.key', 'media.channel_key')
        .select('media.key')
        .where('apps.deleted_at', 'is', null)
        .where('media.key', '<', before)
        .orderBy('media.key', 'desc')
        .limit(limit);
      if (owner !== null) rows = rows.where('media.app_key', '=', owner);
      if (messageId !== undefined) {
        rows = rows.where('media.message_key', '=', (q) =>
          q.selectFrom('messages').select('key').where('id', '=', messageId),
        );
      }
      if (kind !== undefined) rows = rows.where('media.kind', '=', kind);
      rows = rows.where(state === 'deleted' ? sql<SqlBool>`not ${kept}` : kept);
      if (state !== undefined && state !== 'deleted') rows = rows.where('media.state', '=', state);
      return await rows.execute();
    },
    (keys) => mediaByKeys(access, keys),
  );
}
