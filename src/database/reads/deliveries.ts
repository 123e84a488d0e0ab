import { sql } from 'kysely';
import type { Attempt, Delivery, Reach } from '../../core/model.ts';
import type { DeliveryFilter, Page, PageRequest } from '../../core/records.ts';
import { type DeliveryState, deliveryMoves } from '../../core/states.ts';
import type { Access } from '../schema.ts';
import { deliveriesByKeys, toAttempt } from '../views/delivery.ts';
import { pageOf } from './page.ts';
import { eachOwner, keyWithin, narrowed, type Owner } from './reach.ts';

export async function delivery(
  access: Access,
  { reach, id }: { reach: Reach; id: string },
): Promise<Delivery | undefined> {
  const key = await keyWithin(access, 'deliveries', reach, id);
  return key === undefined ? undefined : (await deliveriesByKeys(access, [key])).get(key);
}

const states = Object.keys(deliveryMoves) as DeliveryState[];
/** What is open is found by its endpoint and state and put in order; among everything else it would be looked for long. */
const open: readonly (DeliveryState | undefined)[] = ['pending', 'paused'];

export async function listDeliveries(
  access: Access,
  { reach, filter, page }: { reach: Reach; filter: DeliveryFilter; page: PageRequest },
): Promise<Page<Delivery>> {
  const { state, appId, endpointId } = filter;
  const { owners, key: endpointKey } = await narrowed(access, reach, appId, 'endpoints', endpointId);
  const ofEndpoint = endpointKey !== undefined;
  const byState = !ofEndpoint && open.includes(state);
  // Sums keep the indexes that are in order out of it.
  const key = byState ? sql<number>`(deliveries.key + 0)` : sql<number>`deliveries.key`;
  const app = byState ? sql<number>`(deliveries.app_key + 0)` : sql<number>`deliveries.app_key`;

  async function keysIn(one: DeliveryState | undefined, owner: Owner, before: number, limit: number) {
    let rows = access.db
      .selectFrom('deliveries')
      .innerJoin('apps', (join) => join.on(sql`apps.key`, '=', app))
      .select('deliveries.key')
      .where('apps.deleted_at', 'is', null)
      .where(key, '<', before)
      .orderBy(key, 'desc')
      .limit(limit);
    if (owner !== null) rows = rows.where(app, '=', owner);
    if (ofEndpoint) rows = rows.where('deliveries.endpoint_key', '=', endpointKey);
    if (byState)
      rows = rows.where('deliveries.endpoint_key', 'in', (q) =>
        q.selectFrom('endpoints').select('key').where('app_key', '=', owner),
      );
    // A literal, so that the index over dead letters is seen to fit.
    if (one !== undefined) rows = rows.where('deliveries.state', '=', sql.lit(one));
    return await rows.execute();
  }

  return await pageOf(
    'deliveries',
    page,
    byState || (state === 'dead' && !ofEndpoint) ? await eachOwner(access, owners) : owners,
    async (owner, before, limit) => {
      if (!ofEndpoint || state !== undefined) return await keysIn(state, owner, before, limit);
      // An endpoint's are in order state by state.
      return (await Promise.all(states.map((one) => keysIn(one, owner, before, limit)))).flat();
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
