import { z } from 'zod';
import { presentExpiring } from '../../core/present.ts';
import { expiring, pageOfAnswer } from '../answers.ts';
import { daySeconds, given, id, listOf, moment, pageOf, pageQuery } from '../fields.ts';
import { keyed, type Route } from '../route.ts';

const defaultMs = 7 * daySeconds * 1000;

export const retentionRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/retention/plan',
    operation: 'planRetention',
    summary: 'Files that will be removed, when, and by whose setting; the soonest first.',
    needs: { permission: 'read', reach: 'app' },
    answers: pageOfAnswer(expiring),
    query: z.strictObject({
      ...pageQuery,
      until: moment.optional().meta({ description: 'How far to look; 7 days where absent.' }),
      app_id: id('app').optional(),
    }),
    async handler({ caller, query, parts }) {
      const now = parts.clock.now();
      const page = await parts.records.listExpiring({
        reach: caller.reach,
        ...given({ appId: query.app_id }),
        until: query.until ?? now + defaultMs,
        page: pageOf(query),
      });
      return listOf(page, (row) => presentExpiring(row, now, parts.links));
    },
  }),
];
