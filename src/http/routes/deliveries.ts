import { z } from 'zod';
import { Fault } from '../../core/faults.ts';
import { presentAttempt, presentDelivery } from '../../core/present.ts';
import { type DeliveryState, deliveryMoves } from '../../core/states.ts';
import { given, id, listOf, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const states = Object.keys(deliveryMoves) as DeliveryState[];
const one = z.object({ id: id('delivery') });

export const deliveryRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/deliveries',
    needs: { permission: 'read', reach: 'app' },
    query: z.strictObject({
      ...pageQuery,
      state: z.enum(states).optional(),
      endpoint_id: id('endpoint').optional(),
      app_id: id('app').optional(),
    }),
    async handler({ caller, query, parts }) {
      const { state, endpoint_id: endpointId, app_id: appId } = query;
      const page = await parts.records.listDeliveries({
        reach: caller.reach,
        filter: given({ state, endpointId, appId }),
        page: pageOf(query),
      });
      return listOf(page, presentDelivery);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/deliveries/:id',
    needs: { permission: 'read', reach: 'app' },
    params: one,
    async handler({ caller, params, parts }) {
      return presentDelivery(found(await parts.records.delivery({ reach: caller.reach, id: params.id })));
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/deliveries/:id/attempts',
    needs: { permission: 'read', reach: 'app' },
    params: one,
    async handler({ caller, params, parts }) {
      const rows = found(await parts.records.listAttempts({ reach: caller.reach, deliveryId: params.id }));
      return listOf({ rows, next: null }, presentAttempt);
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/deliveries/:id/replay',
    needs: { permission: 'send', reach: 'app' },
    status: 202,
    params: one,
    async handler({ caller, params, parts }) {
      const now = parts.clock.now();
      const { changed, row } = found(await parts.records.replayDelivery({ reach: caller.reach, id: params.id, now }));
      if (!changed) {
        throw new Fault('move_refused', { detail: `The delivery is ${row.state}; only a dead one can be replayed.` });
      }
      parts.onWork();
      return presentDelivery(row);
    },
  }),
];
