import type { Attempt, Delivery, Reach } from '../../core/model.ts';
import type { DeliveryFilter, Page, PageRequest } from '../../core/records.ts';
import type { Access } from '../schema.ts';
import { deliveriesByKeys, toAttempt } from '../views/delivery.ts';
import { pageOf } from './page.ts';
import { ownersWithin, within } from './reach.ts';

/** The key of a delivery within reach. */
export async function deliveryKey({ db }: Access, reach: Reach, id: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('deliveries')
    .innerJoin('apps', 'apps.key', 'deliveries.app_key')
    .select('deliveries.key')
    .where('deliveries.id', '=', id)
    .where(within(reach))
    .executeTakeFirst();
  return row?.key;
}

export async function delivery(
  access: Access,
  { reach, id }: { reach: Reach; id: string },
): Promise<Delivery | undefined> {
  const key = await deliveryKey(access, reach, id);
  return key === undefined ? undefined : (await deliveriesByKeys(access, [key])).get(key);
}

export async function listDeliveries(
  access: Access,
  { reach, filter, page }: { reach: Reach; filter: DeliveryFilter; page: PageRequest },
): Promise<Page<Delivery>> {
  const { state, endpointId } = filter;
  return await pageOf(
    'deliveries',
    page,
    await ownersWithin(access, reach, filter.appId),
    async (owner, before, limit) => {
      let rows = access.db
        .selectFrom('deliveries')
        .innerJoin('apps', 'apps.key', 'deliveries.app_key')
        .select('deliveries.key')
        .where('apps.deleted_at', 'is', null)
        .where('deliveries.key', '<', before)
        .orderBy('deliveries.key', 'desc')
        .limit(limit);
      if (owner !== null) rows = rows.where('deliveries.app_key', '=', owner);
      if (state !== undefined) rows = rows.where('deliveries.state', '=', state);
      if (endpointId !== undefined) {
        rows = rows.where('deliveries.endpoint_key', '=', (q) =>
          q.selectFrom('endpoints').select('key').where('id', '=', endpointId),
        );
      }
      return await rows.execute();
    },
    (keys) => deliveriesByKeys(access, keys),
  );
}

export async function listAttempts(
  access: Access,
  { reach, deliveryId }: { reach: Reach; deliveryId: string },
): Promise<Attempt[] | undefined> {
  const key = await deliveryKey(access, reach, deliveryId);
  if (key === undefined) return undefined;
  const rows = await access.db
    .selectFrom('attempts')
    .selectAll()
    .where('delivery_key', '=', key)
    .orderBy('number')
    .execute();
  return rows.map(toAttempt);
}
