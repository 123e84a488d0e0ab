// The HTTP edge, put together: every error becomes a problem document, every wait has a limit, every request one line in
// the log. What is served stands in `routes.ts`.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Fault } from '../core/faults.ts';
import { asFault } from './as-fault.ts';
import { clientErrorAnswer } from './client-errors.ts';
import { countRequests } from './count-requests.ts';
import { registerFacades } from './facades.ts';
import type { HttpParts } from './parts.ts';
import { problemOf } from './problems.ts';
import { register } from './register.ts';
import { loggedPath, logRequests } from './request-log.ts';
import { routeGroups, routes } from './routes.ts';
import { stopInTime } from './stop-in-time.ts';
import { acceptUpgrades, asksForWebSocket } from './upgrades.ts';

export type { HealthCheck, HttpParts } from './parts.ts';
export type { HttpLog } from './request-log.ts';
export { routeGroups, routes };

// Milliseconds. Headers must have arrived (for bodies see `register.ts`), a silent socket is dropped, and an idle one is kept
// a little longer than load balancers keep theirs.
const headersMs = 20_000;
const silenceMs = 60_000;
const keepAliveMs = 65_000;

/** The server, not yet listening; `close` stops accepting, lets running requests finish for 10 s, then cuts them. */
export function buildHttp(parts: HttpParts): FastifyInstance {
  const answering = new WeakMap<Socket, ServerResponse>();

  const app = fastify({
    logger: false,
    http: {
      maxHeaderSize: parts.limits.headerBytes,
      headersTimeout: headersMs,
      // Node's own refusal of a request without Host has no body; nothing here depends on that header.
      requireHostHeader: false,
      shouldUpgradeCallback: asksForWebSocket,
    },
    // A large file may take longer than any one limit for all requests.
    requestTimeout: 0,
    connectionTimeout: silenceMs,
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    // Refused below, in our own form.
    return503OnClosing: false,
    // Longer than any header lets a path be: a long id is unknown, not a special case.
    routerOptions: { maxParamLength: Number.MAX_SAFE_INTEGER },
    clientErrorHandler: clientErrorAnswer(answering),
    frameworkErrors(error, request, reply) {
      // A link with a broken escape is an altered link like any other.
      refuse(request.url.startsWith('/media/') ? new Fault('link_refused') : error, request, reply);
      parts.log?.info({ method: request.method, path: loggedPath(request), status: reply.statusCode }, 'request');
    },
  });

  function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const fault = asFault(error, request.query);
    if (fault.name === 'Fault' && (fault.kind === 'internal' || fault.kind === 'overloaded')) {
      const fields = { err: fault.cause ?? fault, method: request.method, path: loggedPath(request), code: fault.code };
      if (fault.kind === 'internal') parts.log?.error(fields, 'request failed');
      else parts.log?.warn(fields, 'request refused');
    }
    const { status, headers, body } = problemOf(fault);
    // What a handler had set belongs to the answer that did not come about.
    for (const name of Object.keys(reply.getHeaders())) if (!isKept(name)) reply.removeHeader(name);
    reply.code(status).headers(headers).serializer(JSON.stringify).send(body);
  }

  const { isStopping, release } = stopInTime(app, answering);
  acceptUpgrades(app, release);
  app.addHook('preClose', async () => await parts.streams.stop());
  app.decorateRequest('caller', undefined);
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply));
  app.addHook('onRequest', async (request, reply) => {
    answering.set(request.socket, reply.raw);
    // Answers hold links and secrets; the few that may be kept say so themselves.
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    if (isStopping()) throw new Fault('stopping', { retryAfter: 5 });
    // Before the body, which would otherwise be read and judged first.
    if (request.is404) throw new Fault('not_found', { detail: 'There is no such address.' });
  });
  app.setNotFoundHandler(async () => {
    throw new Fault('not_found', { detail: 'There is no such address.' });
  });
  if (parts.log !== undefined) logRequests(app, parts.log);
  countRequests(app, parts.metrics);
  register(app, routes, parts);
  if (parts.facades !== undefined) {
    const { dialects, desk, sockets } = parts.facades;
    if (sockets !== undefined) app.addHook('preClose', async () => await sockets.stop());
    registerFacades(app, { ...parts, dialects, dialectDesk: desk, sockets });
  }
  return app;
}

/** Headers of an answer that hold of a refusal too. */
const isKept = (name: string): boolean => name === 'connection' || name.startsWith('ratelimit-');
