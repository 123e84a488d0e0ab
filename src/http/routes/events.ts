import { z } from 'zod';
import { eventTypes } from '../../core/model.ts';
import { presentEvent } from '../../core/present.ts';
import { afterQuery, given, id, listOf, pageOf } from '../fields.ts';
import { keyed, type Route } from '../route.ts';

/** Event types, separated by commas. */
const types = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(eventTypes)).max(eventTypes.length));

export const eventRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/events',
    needs: { permission: 'read', reach: 'app' },
    query: z.strictObject({ ...afterQuery, types: types.optional(), app_id: id('app').optional() }),
    async handler({ caller, query, parts }) {
      const page = await parts.records.listEvents({
        reach: caller.reach,
        ...given({ appId: query.app_id, types: query.types }),
        page: pageOf({ limit: query.limit, cursor: query.after }),
      });
      const now = parts.clock.now();
      return listOf(page, (event) => presentEvent(event, now, parts.links));
    },
  }),
];
