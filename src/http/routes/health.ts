import { z } from 'zod';
import { open, type Route } from '../route.ts';

const anything = z.looseObject({});
const readiness = z.strictObject({
  status: z.enum(['ok', 'unavailable']),
  checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string().nullable() })),
});

export const healthRoutes: readonly Route[] = [
  open({
    method: 'GET',
    path: '/healthz',
    operation: 'getHealth',
    summary: 'Whether the process runs.',
    needs: 'nothing',
    answers: z.strictObject({ status: z.literal('ok') }),
    query: anything,
    handler: () => ({ status: 'ok' as const }),
  }),

  open({
    method: 'GET',
    path: '/readyz',
    operation: 'getReadiness',
    summary: 'Whether it can do its work; 503 with the same form where it cannot.',
    needs: 'nothing',
    answers: readiness,
    query: anything,
    async handler({ parts, reply }) {
      const { ok, checks } = await parts.health.ready();
      reply.code(ok ? 200 : 503);
      return {
        status: ok ? ('ok' as const) : ('unavailable' as const),
        checks: checks.map((check) => ({ name: check.name, ok: check.ok, detail: check.detail ?? null })),
      };
    },
  }),
];
