import { z } from 'zod';
import { open, type Route } from '../route.ts';

export const metricsRoutes: readonly Route[] = [
  open({
    method: 'GET',
    path: '/metrics',
    operation: 'readMetrics',
    summary: 'What is counted here, for Prometheus.',
    needs: 'metrics',
    answers: { says: 'The metrics, in the text format of Prometheus.', types: ['text/plain'] },
    query: z.looseObject({}),
    async handler({ parts, reply }) {
      return reply.type(parts.metrics.type).send(await parts.metrics.read());
    },
  }),
];
