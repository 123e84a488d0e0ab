// Idempotency-Key: the same request with the same key is carried out once and answered the same way again, refusals too.
// Not kept is what says nothing about the request: faults of ours, and a body that did not arrive whole.

import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalid } from '../core/faults.ts';
import type { Json } from '../core/json.ts';
import type { KeptAnswer } from '../flows/idempotency.ts';
import { asFault } from './as-fault.ts';
import type { HttpParts } from './parts.ts';
import { problemOf } from './problems.ts';
import type { Route } from './route.ts';

const longestMs = { json: 60_000, bytes: 60_000, stream: 3_600_000 };

/** The key of a request that changes something. @throws Fault invalid_request */
export function idempotencyKeyOf({ method, headers }: FastifyRequest): string | undefined {
  const given = headers['idempotency-key'];
  if (given === undefined || method === 'GET' || method === 'HEAD') return undefined;
  if (typeof given === 'string' && /^[\x21-\x7e]{1,255}$/.test(given)) return given;
  throw invalid('headers.idempotency-key', 'must be 1 to 255 visible ASCII characters');
}

export async function answerOnce(
  idempotencyKey: string,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: HttpParts,
): Promise<FastifyReply> {
  const asked = {
    caller: request.caller?.key ?? '',
    idempotencyKey,
    fingerprint: fingerprintOf(route, request),
    longestMs: longestMs[route.takes],
  };
  const { answer, isReplayed } = await parts.idempotency.once(asked, () => carriedOut(route, request, reply, parts));
  if (isReplayed) reply.header('idempotency-replayed', 'true');
  reply.code(answer.status).headers(answer.headers);
  return answer.body === null ? reply.send() : reply.serializer(JSON.stringify).send(answer.body);
}

/** What the route answers, refusals included. @throws what is not to be kept */
async function carriedOut(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: HttpParts,
): Promise<KeptAnswer> {
  try {
    const body = await route.answer(request, reply, parts);
    const headers = body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' };
    return { status: reply.statusCode, headers, body: (body ?? null) as Json };
  } catch (error) {
    const fault = asFault(error, request.query);
    const { status, headers, body } = problemOf(fault);
    if (status >= 500 || !request.raw.complete) throw error;
    return { status, headers, body };
  }
}

/** Method, address and body; of a body that is a stream only what its headers tell. */
function fingerprintOf(route: Route, request: FastifyRequest): string {
  const { headersDistinct } = request.raw;
  const body =
    route.takes === 'json'
      ? (request.body ?? null)
      : ['content-type', 'content-length', 'content-disposition', 'x-file-name'].map(
          (name) => headersDistinct[name] ?? null,
        );
  return createHash('sha256')
    .update(JSON.stringify([request.method, request.url, body]))
    .digest('hex');
}
