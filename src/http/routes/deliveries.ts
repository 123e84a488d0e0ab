import { z } from 'zod';
import { Fault } from '../../core/faults.ts';
import { presentAttempt, presentDelivery } from '../../core/present.ts';
import { attempt, delivery, deliveryStates, pageOfAnswer } from '../answers.ts';
import { given, id, listOf, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const one = z.object({ id: id('delivery') });

export const deliveryRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/deliveries',
    operation: 'listDeliveries',
    summary: 'Lists deliveries.',
    needs: { permission: 'read', reach: 'app' },
    answers: pageOfAnswer(delivery),
    query: z.strictObject({
      ...pageQuery,
      state: z.enum(deliveryStates).optional(),
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
    operation: 'getDelivery',
    summary: 'One delivery.',
    needs: { permission: 'read', reach: 'app' },
    answers: delivery,
    params: one,
    async handler({ caller, params, parts }) {
      return presentDelivery(found(await parts.records.delivery({ reach: caller.reach, id: params.id })));
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/deliveries/:id/attempts',
    operation: 'listAttempts',
    summary: 'All attempts of a delivery, first to last.',
    needs: { permission: 'read', reach: 'app' },
    answers: pageOfAnswer(attempt),
    params: one,
    async handler({ caller, params, parts }) {
      const rows = found(await parts.records.listAttempts({ reach: caller.reach, deliveryId: params.id }));
      return listOf({ rows, next: null }, presentAttempt);
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/deliveries/:id/replay',
    operation: 'replayDelivery',
    summary: 'Makes a dead delivery due again.',
    needs: { permission: 'send', reach: 'app' },
    status: 202,
    answers: delivery,
    faults: ['move_refused'],
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
