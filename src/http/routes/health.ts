import { z } from 'zod';
import { open, type Route } from '../route.ts';

const anything = z.looseObject({});

export const healthRoutes: readonly Route[] = [
  open({
    method: 'GET',
    path: '/healthz',
    needs: 'nothing',
    query: anything,
    handler: () => ({ status: 'ok' }),
  }),

  open({
    method: 'GET',
    path: '/readyz',
    needs: 'nothing',
    query: anything,
    async handler({ parts, reply }) {
      const { ok, checks } = await parts.health.ready();
      reply.code(ok ? 200 : 503);
      return {
        status: ok ? 'ok' : 'unavailable',
        checks: checks.map((check) => ({ name: check.name, ok: check.ok, detail: check.detail ?? null })),
      };
    },
  }),
];
