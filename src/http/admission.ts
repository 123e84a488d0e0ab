// Who may pass. A key is looked up before a byte of the body is read; what it may do stands in the route's row.

import type { FastifyRequest } from 'fastify';
import { Fault } from '../core/faults.ts';
import type { Access, Caller } from '../flows/access.ts';
import type { KeyNeeds } from './route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key the request carried; undefined where no key is needed, or until it was checked. */
    caller: Caller | undefined;
  }
}

/** Finds out who calls, and whether they may. @throws Fault key_missing, key_unknown, permission_missing */
export async function admit(request: FastifyRequest, needs: KeyNeeds, access: Access): Promise<void> {
  const secret = secretOf(request);
  if (secret === undefined) throw new Fault('key_missing');
  const caller = await access.callerOf(secret);
  if (caller === undefined) throw new Fault('key_unknown');
  request.caller = caller;
  // Refused before anything is looked up: the answer cannot tell whether the thing exists.
  if (!caller.permissions.includes(needs.permission)) {
    throw new Fault('permission_missing', { detail: `This call needs a key with the permission ${needs.permission}.` });
  }
  if (needs.reach === 'instance' && caller.reach.kind !== 'instance') {
    throw new Fault('permission_missing', { detail: 'This call needs a key of the whole instance.' });
  }
}

function secretOf({ headers }: FastifyRequest): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const apiKey = headers['x-api-key'];
  return typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined;
}
