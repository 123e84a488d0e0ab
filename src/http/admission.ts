// Who may pass. A key is looked up before a byte of the body is read; what it may do stands in the route's row.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../core/faults.ts';
import { sameSecret } from '../core/keys.ts';
import type { Caller } from '../flows/access.ts';
import type { HttpParts } from './parts.ts';
import type { KeyNeeds } from './route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key the request carried; undefined where no key is needed, or until it was checked. */
    caller: Caller | undefined;
  }
}

export type AdmissionParts = Pick<HttpParts, 'access' | 'wrongKeys' | 'limitRate'>;

/**
 * Finds out who calls, and whether they may.
 * @throws Fault key_missing, key_unknown, rate_limited, permission_missing
 */
export async function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  needs: KeyNeeds,
  parts: AdmissionParts,
): Promise<void> {
  const secret = secretOf(request);
  if (secret === undefined) {
    if (needs.orInFirstFrame === true && request.upgrade !== undefined) return;
    throw new Fault('key_missing');
  }
  await admitKey(secret, request, reply, needs, parts);
}

/** Likewise for a key that came in another way than by a header. */
export async function admitKey(
  secret: string,
  request: FastifyRequest,
  reply: FastifyReply,
  needs: KeyNeeds,
  parts: AdmissionParts,
): Promise<void> {
  const caller = await callerOf(secret, request, parts);
  request.caller = caller;
  await parts.limitRate?.(request, reply);
  // Refused before anything is looked up: the answer cannot tell whether the thing exists.
  if (!caller.permissions.includes(needs.permission)) {
    throw new Fault('permission_missing', { detail: `This call needs a key with the permission ${needs.permission}.` });
  }
  if (needs.reach === 'instance' && caller.reach.kind !== 'instance') {
    throw new Fault('permission_missing', { detail: 'This call needs a key of the whole instance.' });
  }
}

/** Whose key it is. @throws Fault key_unknown, rate_limited when this address has guessed too often */
export async function callerOf(
  secret: string,
  request: Pick<FastifyRequest, 'ip'>,
  { access, wrongKeys }: Pick<AdmissionParts, 'access' | 'wrongKeys'>,
): Promise<Caller> {
  // A key that worked before passes, so that nobody locks out others behind the same proxy by guessing.
  if (!access.knows(secret)) wrongKeys?.check(request.ip);
  const caller = await access.callerOf(secret);
  if (caller === undefined) {
    wrongKeys?.count(request.ip);
    throw new Fault('key_unknown');
  }
  return caller;
}

/**
 * Lets metrics be read: with their own token, which opens nothing else, or with a key that may read the whole instance. Where
 * a request comes from opens nothing: behind a proxy on the same machine every stranger comes from it.
 */
export async function admitToMetrics(
  request: FastifyRequest,
  reply: FastifyReply,
  token: string | undefined,
  parts: AdmissionParts,
): Promise<void> {
  const secret = secretOf(request);
  if (token !== undefined && secret !== undefined && sameSecret(secret, token)) return;
  await admit(request, reply, { permission: 'read', reach: 'instance' }, parts);
}

/** The key that a request carries, as Bearer or alone. */
export function secretOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const apiKey = headers['x-api-key'];
  return typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined;
}
