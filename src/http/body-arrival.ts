// What holds of a body before anybody reads it, on every address alike.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../core/faults.ts';
import { ProtocolFault } from './problems.ts';

const standardMs = 120_000;

/** A body that is read whole must be there in time; a stream is watched by whoever takes it. */
export function limitArrival(request: FastifyRequest, reply: FastifyReply, ms = standardMs): void {
  if (request.raw.complete) return;
  const late = setTimeout(() => {
    reply.header('connection', 'close').send(new ProtocolFault('request_too_slow'));
  }, ms);
  const arrived = () => clearTimeout(late);
  request.raw.once('end', arrived).once('close', arrived);
}

/** A compressed body would have to be inflated before its size is known, and its signature is over other bytes. */
export function refuseEncodedBody(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Fault('body_type_unsupported', { detail: 'A body must not be compressed.' });
  }
}
