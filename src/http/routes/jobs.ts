import { z } from 'zod';
import { presentRestingJob } from '../../core/present.ts';
import { pageOfAnswer, restingJob } from '../answers.ts';
import { listOf, pageQuery } from '../fields.ts';
import { keyed, type Route } from '../route.ts';

export const jobRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/jobs',
    operation: 'listRestingJobs',
    summary: 'Lists jobs that rest, the oldest first.',
    needs: { permission: 'read', reach: 'instance' },
    answers: pageOfAnswer(restingJob),
    // Jobs come and go too fast to be listed; only those that rest stay where they are.
    query: z.strictObject({ limit: pageQuery.limit, state: z.enum(['resting']).default('resting') }),
    async handler({ query, parts }) {
      const rows = await parts.records.listResting({ limit: query.limit });
      return listOf({ rows, next: null }, presentRestingJob);
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/jobs/resume',
    operation: 'resumeJobs',
    summary: 'Sets resting jobs going again.',
    needs: { permission: 'manage', reach: 'instance' },
    answers: z.strictObject({ resumed: z.int() }),
    body: z.strictObject({ ids: z.array(z.string().min(1).max(512)).min(1).max(200).optional() }),
    async handler({ body, parts }) {
      const resumed = await parts.records.resumeJobs({ ids: body.ids ?? null, now: parts.clock.now() });
      parts.onWork();
      return { resumed };
    },
  }),
];
