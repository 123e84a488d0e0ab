import type { FastifyInstance } from 'fastify';
import type { HttpMetrics } from './parts.ts';

/** Counts every answer under the pattern of its route, so that no path of a stranger becomes a name. */
export function countRequests(app: FastifyInstance, metrics: Pick<HttpMetrics, 'request'>): void {
  app.addHook('onResponse', (request, reply, done) => {
    metrics.request({
      route: request.is404 ? 'none' : (request.routeOptions.url ?? 'none'),
      status: reply.statusCode,
      ms: reply.elapsedTime,
      bytes: request.method === 'HEAD' ? 0 : Number(reply.getHeader('content-length') ?? 0),
    });
    done();
  });
}
