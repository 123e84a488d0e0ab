import { sql } from 'kysely';
import type { Attempt, Delivery, Reach } from '../../core/model.ts';
import type { DeliveryFilter, Page, PageRequest } from '../../core/records.ts';
import type { Access } from '../schema.ts';
import { deliveriesByKeys, toAttempt } from '../views/delivery.ts';
import { pageOf } from './page.ts';
import { keyWithin, narrowed } from './reach.ts';

export async function delivery(
  access: Access,
  { reach, id }: { reach: Reach; id: string },
): Promise<Delivery | undefined> {
  const key = await keyWithin(access, 'deliveries', reach, id);
  return key === undefined ? undefined : (await deliveriesByKeys(access, [key])).get(key);
}

export async function listDeliveries(
  access: Access,
  { reach, filter, page }: { reach: Reach; filter: DeliveryFilter; page: PageRequest },
): Promise<Page<Delivery>> {
  const { state, appId, endpointId } = filter;
  const { owners, key: endpointKey } = await narrowed(access, reach, appId, 'endpoints', endpointId);
  return await pageOf(
    'deliveries',
    page,
    owners,
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
      if (endpointKey !== undefined) rows = rows.where('deliveries.endpoint_key', '=', endpointKey);
      // A literal, so that the index over dead letters is seen to fit.
      if (state !== undefined) rows = rows.where('deliveries.state', '=', sql.lit(state));
      return await rows.execute();
    },
    (keys) => deliveriesByKeys(access, keys),
  );
}

export async function listAttempts(
  access: Access,
  { reach, deliveryId }: { reach: Reach; deliveryId: string },
): Promise<Attempt[] | undefined> {
  const key = await keyWithin(access, 'deliveries', reach, deliveryId);
  if (key === undefined) return undefined;
  const rows = await access.db
    .selectFrom('attempts')
    .selectAll()
    .where('delivery_key', '=', key)
    .orderBy('number')
    .execute();
  return rows.map(toAttempt);
}
