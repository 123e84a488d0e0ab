import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { IntakeRequest } from '../../core/carrier.ts';
import type { HttpParts } from '../parts.ts';
import { open, type Route } from '../route.ts';

const params = z.object({ connection: z.string() });
const query = z.looseObject({});
const common = {
  path: '/in/:connection',
  needs: 'nothing',
  takes: 'bytes',
  head: false,
  params,
  query,
  answers: { says: 'What the carrier expects to hear.', types: ['text/plain', 'application/json'] },
} as const;

export const intakeRoutes: readonly Route[] = [
  open({
    ...common,
    method: 'GET',
    operation: 'answerHandshake',
    summary: "The carrier's handshake.",
    faults: ['connection_unknown', 'challenge_refused'],
    handler: ({ params, parts, request, reply }) => receive('GET', params.connection, parts, request, reply),
  }),

  open({
    ...common,
    method: 'POST',
    operation: 'receiveWebhook',
    summary: "A carrier's webhook; answered once everything in it is stored.",
    faults: [
      'connection_unknown',
      'signature_missing',
      'signature_wrong',
      'body_too_large',
      'intake_full',
      'storage_full',
      'not_durable',
    ],
    handler: ({ params, parts, request, reply }) => receive('POST', params.connection, parts, request, reply),
  }),
];

async function receive(
  method: IntakeRequest['method'],
  connection: string,
  parts: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const answer = await parts.intake.receive(connection, {
    method,
    url: new URL(parts.publicUrl() + targetOf(request)),
    headers: headersOf(request),
    body: request.body instanceof Uint8Array ? request.body : new Uint8Array(),
  });
  reply.code(answer.status);
  if (answer.type !== undefined) reply.type(answer.type);
  return reply.send(answer.body);
}

/** Path and query exactly as sent: some carriers sign the address. RFC 9112 section 3.2.2 lets a client name the host in it. */
const targetOf = (request: FastifyRequest): string =>
  (request.raw.url ?? '/').replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');

const headersOf = ({ raw }: FastifyRequest): Record<string, string> =>
  Object.fromEntries(Object.entries(raw.headersDistinct).map(([name, values]) => [name, values?.join(', ') ?? '']));
