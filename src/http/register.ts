// Serves the rows of the route table: authenticates, checks permission, reads the body, answers. Nothing of this is done
// anywhere else, so a route cannot forget it.

import type { FastifyInstance } from 'fastify';
import { admit, admitToMetrics } from './admission.ts';
import { answerOnce, idempotencyKeyOf } from './answer-once.ts';
import { limitArrival, refuseEncodedBody } from './body-arrival.ts';
import { setBodyParsers } from './body-parsers.ts';
import type { HttpParts } from './parts.ts';
import { ProtocolFault } from './problems.ts';
import type { Route, Takes } from './route.ts';

const everyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

export function register(app: FastifyInstance, routes: readonly Route[], parts: HttpParts): void {
  const bodyLimits: Record<Takes, number> = {
    json: parts.limits.jsonBodyBytes,
    bytes: parts.limits.intakeBodyBytes,
    // Not looked at: whoever takes a stream bounds it.
    stream: 1,
  };
  for (const [takes, bodyLimit] of Object.entries(bodyLimits) as [Takes, number][]) {
    // A plugin is a scope: the parsers set in it end with it.
    app.register(async (scope) => {
      setBodyParsers(scope, takes);
      for (const route of routes.filter((one) => one.takes === takes)) serve(scope, route, bodyLimit, parts);
    });
  }
  refuseOtherMethods(app, routes);
}

function serve(scope: FastifyInstance, route: Route, bodyLimit: number, parts: HttpParts): void {
  scope.route({
    // Named, because the HEAD routes that Fastify makes by itself announce a length of 0 where no body was sent.
    method: methodsOf(route),
    exposeHeadRoute: false,
    url: route.path,
    bodyLimit,
    async onRequest(request, reply) {
      if (typeof route.needs === 'object') await admit(request, reply, route.needs, parts);
      if (route.needs === 'metrics') await admitToMetrics(request, reply, parts.metrics.token, parts);
      refuseEncodedBody(request);
    },
    preParsing(request, reply, payload, done) {
      if (route.takes !== 'stream') limitArrival(request, reply, parts.limits.bodyMs);
      done(null, payload);
    },
    async handler(request, reply) {
      reply.code(route.status);
      const once = typeof route.needs === 'object' ? idempotencyKeyOf(request) : undefined;
      if (once === undefined) return await route.answer(request, reply, parts);
      return await answerOnce(once, route, request, reply, parts);
    },
  });
}

const methodsOf = (route: Route): string[] => (route.head ? [route.method, 'HEAD'] : [route.method]);

function refuseOtherMethods(app: FastifyInstance, routes: readonly Route[]): void {
  for (const [path, rows] of Map.groupBy(routes, (route) => route.path)) {
    const known = new Set<string>(rows.flatMap(methodsOf));
    const refuse = async () => {
      throw new ProtocolFault('method_not_allowed', { allow: [...known].join(', ') });
    };
    const method = everyMethod.filter((one) => !known.has(one));
    app.route({ method, url: path, exposeHeadRoute: false, onRequest: refuse, handler: refuse });
  }
}
