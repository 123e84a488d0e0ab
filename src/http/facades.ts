// Serves the dialects' own addresses. Rows of all dialects are laid together by address: one route each, which finds out
// whose key was given and hands over to that dialect, because two vendors may use the same address for different things. A
// routing constraint would run on every request and turn a missing key into 404. Every address answers below `/a/{app id}`
// too, for clients that log in and whose app must be known before they have a key.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../core/caller.ts';
import type { Dialect, DialectAnswer, DialectCall, DialectRoute } from '../core/dialect.ts';
import { Fault } from '../core/faults.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { callerOf } from './admission.ts';
import { asFault } from './as-fault.ts';
import { limitArrival, refuseEncodedBody } from './body-arrival.ts';
import { setBodyParsers } from './body-parsers.ts';
import { type FacadeParts, keyOf, queryOf, type Row } from './facade-row.ts';
import { socketRows } from './facade-sockets.ts';
import { loggedPath } from './request-log.ts';
import { serveMedia } from './serve-media.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The row of a façade that this request came to; undefined before its key was looked up. */
    facade: Row | undefined;
  }
}

export function registerFacades(app: FastifyInstance, parts: FacadeParts): void {
  const rows = [...parts.dialects.values()].flatMap((dialect): Row[] => [
    ...(dialect.facade?.routes ?? []).map((route) => rowOf(dialect, route, parts)),
    ...socketRows(dialect, parts),
  ]);
  const addresses = [...Map.groupBy(rows, ({ route }) => `${route.method} ${shapeOf(route.path)}`).values()];
  app.decorateRequest('facade', undefined);
  for (const takes of ['nothing', 'json', 'stream'] as const) {
    app.register(async (scope) => {
      setBodyParsers(scope, takes === 'stream' ? 'stream' : 'json');
      for (const candidates of addresses) {
        if (takesOf(candidates.map(({ route }) => route)) !== takes) continue;
        for (const below of ['', '/a/:app']) serve(scope, below, candidates, parts);
      }
    });
  }
}

const rowOf = (dialect: Dialect, route: DialectRoute, parts: FacadeParts): Row => ({
  dialect,
  route,
  answer: async (request, reply) =>
    await send(await route.answer(callOf(request, route, parts)), request, reply, parts),
});

/** @throws Error for an address at which one dialect reads JSON and another a stream: a body can be read in one way only */
function takesOf(routes: readonly Row['route'][]): DialectRoute['takes'] {
  const kinds = new Set(routes.map(({ takes }) => takes));
  if (kinds.has('json') && kinds.has('stream'))
    throw new Error(`${routes[0]?.method} ${routes[0]?.path} reads JSON in one dialect and a stream in another`);
  return kinds.has('stream') ? 'stream' : kinds.has('json') ? 'json' : 'nothing';
}

/** The path with its parameters numbered: vendors name the same place differently. */
function shapeOf(path: string): string {
  let place = 0;
  return path.replace(/:\w+/g, () => `:p${place++}`);
}

function serve(scope: FastifyInstance, below: string, candidates: readonly Row[], parts: FacadeParts): void {
  const [first] = candidates;
  if (first === undefined) return;
  const { method, path } = first.route;
  const takes = takesOf(candidates.map(({ route }) => route));
  scope.route({
    method: method === 'GET' && candidates.every(({ route }) => route.head !== false) ? ['GET', 'HEAD'] : method,
    exposeHeadRoute: false,
    url: below + shapeOf(path),
    bodyLimit: takes === 'stream' ? 1 : parts.limits.jsonBodyBytes,
    errorHandler: (error, request, reply) => refuse(candidates, error, request, reply, parts),
    async onRequest(request, reply) {
      await admitTo(candidates, request, reply, parts);
      refuseEncodedBody(request);
    },
    preParsing(request, reply, payload, done) {
      if (takes !== 'stream') limitArrival(request, reply, parts.limits.bodyMs);
      done(null, payload);
    },
    async handler(request, reply) {
      const { facade } = request;
      if (facade === undefined) throw new Error(`${method} ${path} was reached without a row`);
      return await facade.answer(request, reply);
    },
  });
}

/** Finds out who calls, and in whose words they are answered. */
async function admitTo(
  candidates: readonly Row[],
  request: FastifyRequest,
  reply: FastifyReply,
  parts: FacadeParts,
): Promise<void> {
  const open = candidates.find(({ route }) => route.needs === 'password');
  if (open !== undefined) {
    request.facade = open;
    if (request.headers.authorization !== undefined) parts.wrongKeys?.check(request.ip);
    return;
  }
  const secret = keyOf(request, candidates);
  if (secret === undefined) throw new Fault('key_missing');
  const caller = await callerOf(secret, request, parts);
  const row = candidates.find(({ dialect }) => dialect.name === caller.dialect);
  if (row === undefined) {
    const names = candidates.map(({ dialect }) => dialect.name).join(' or ');
    throw new Fault('permission_missing', {
      detail: `This address belongs to the dialect ${names}; the key's is ${caller.dialect}.`,
    });
  }
  request.facade = row;
  request.caller = withinApp(caller, request.params);
  await parts.limitRate?.(request, reply, row.dialect.facade?.rateHeaders);
  const { needs } = row.route;
  if (needs === 'password') return;
  if (!caller.permissions.includes(needs.permission)) {
    throw new Fault('permission_missing', { detail: `This call needs a key with the permission ${needs.permission}.` });
  }
  if (request.caller.reach.kind !== needs.reach) {
    throw new Fault('permission_missing', {
      detail: needs.reach === 'app' ? 'This call needs a key of one app.' : 'This call needs a key of an organization.',
    });
  }
}

/** Below `/a/{app id}` whoever has no key of that app finds nothing. */
function withinApp(caller: Caller, params: unknown): Caller {
  const appId = isObject(params) && typeof params['app'] === 'string' ? params['app'] : undefined;
  if (appId === undefined) return caller;
  if (caller.reach.kind !== 'app' || caller.reach.appId !== appId) throw new Fault('not_found');
  return caller;
}

function callOf(request: FastifyRequest, route: DialectRoute, parts: FacadeParts): DialectCall {
  const names = route.path.match(/:\w+/g) ?? [];
  const given = request.params as Record<string, string>;
  const stream = route.takes === 'stream' ? (request.body as AsyncIterable<Uint8Array> | undefined) : undefined;
  return {
    // Only rows that read the Authorization header themselves are called without one, and they do not look at it.
    caller: request.caller as Caller,
    params: Object.fromEntries(names.map((name, place) => [name.slice(1), given[`p${place}`] ?? ''])),
    query: queryOf(request),
    url: request.url,
    headers: Object.fromEntries(
      Object.entries(request.raw.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]),
    ),
    body: route.takes === 'json' ? (request.body as Json | undefined) : undefined,
    stream,
    now: parts.clock.now(),
    desk: parts.dialectDesk,
  };
}

async function send(
  answer: DialectAnswer,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: FacadeParts,
): Promise<FastifyReply> {
  reply.code(answer.status).headers(answer.headers ?? {});
  if ('json' in answer) return json(reply, answer.json);
  if ('text' in answer) return reply.header('content-type', answer.type).send(answer.text);
  if ('empty' in answer) return reply.send();
  const { file, type, disposition } = answer;
  return await serveMedia(request, reply, parts.desk.stored(file), parts, { type, disposition });
}

const json = (reply: FastifyReply, body: Json) =>
  reply.header('content-type', 'application/json; charset=utf-8').serializer(JSON.stringify).send(body);

/** An error in the words of the dialect that was reached; before its key was known, of all that share the address. */
function refuse(
  candidates: readonly Row[],
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: FacadeParts,
): void {
  const fault = asFault(error, request.query);
  // A wrong password is a guess like a wrong key, which is counted where keys are looked up.
  if (fault.code === 'key_unknown' && request.facade?.route.needs === 'password') parts.wrongKeys?.count(request.ip);
  // What belongs to HTTP alone has no words in any dialect.
  if (fault.name === 'ProtocolFault') throw fault;
  if (fault.kind === 'internal' || fault.kind === 'overloaded') {
    const fields = { err: fault.cause ?? fault, method: request.method, path: loggedPath(request), code: fault.code };
    parts.log?.[fault.kind === 'internal' ? 'error' : 'warn'](fields, 'request failed');
  }
  const asked = { path: loggedPath(request), now: parts.clock.now() };
  const speaking = request.facade === undefined ? candidates.map(({ dialect }) => dialect) : [request.facade.dialect];
  const answers = speaking.flatMap(({ facade }) => (facade === null ? [] : [facade.refuse(fault, asked)]));
  const [first] = answers;
  if (first === undefined) throw error;
  const bodies = answers.flatMap((answer) =>
    'json' in answer && isObject(answer.json) ? [answer.json as JsonObject] : [],
  );
  for (const name of Object.keys(reply.getHeaders()))
    if (name === 'content-type' || name === 'content-length') reply.removeHeader(name);
  reply
    .code(first.status)
    .headers(Object.assign({}, ...answers.map(({ headers }) => headers)) as Record<string, string>);
  if (fault.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(fault.retryAfter)));
  if (bodies.length > 0) json(reply, Object.assign({}, ...bodies) as JsonObject);
  else if ('text' in first) reply.header('content-type', first.type).send(first.text);
  else reply.send();
}
