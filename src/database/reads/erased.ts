import type { Erasable } from '../../core/records.ts';
import type { Access } from '../schema.ts';

/** Whether the sweep has been through everything of a deleted owner, and no removal of its apps is open any more. */
export async function isErased({ db }: Access, { kind, id }: Erasable): Promise<boolean> {
  const owners =
    kind === 'channel'
      ? db.selectFrom('channels').select(['app_key', 'erased_at']).where('id', '=', id)
      : kind === 'app'
        ? db.selectFrom('apps').select(['key as app_key', 'erased_at']).where('id', '=', id)
        : db
            .selectFrom('apps')
            .innerJoin('organizations', 'organizations.key', 'apps.organization_key')
            .select(['apps.key as app_key', 'apps.erased_at'])
            .where('organizations.id', '=', id);
  const rows = await owners.execute();
  if (rows.some(({ erased_at }) => erased_at === null)) return false;
  if (rows.length === 0) return true;
  const removal = await db
    .selectFrom('jobs')
    .select('key')
    .where('kind', '=', 'remove')
    .where(
      'lane',
      'in',
      rows.map(({ app_key }) => app_key),
    )
    .limit(1)
    .executeTakeFirst();
  return removal === undefined;
}
