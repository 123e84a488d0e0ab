import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account, IntakeAnswer, IntakeRequest } from '../../core/carrier.ts';
import { Fault } from '../../core/faults.ts';
import { secretsOf } from './settings.ts';

/**
 * Meta's check of a callback address: a GET whose query has `hub.mode`, `hub.verify_token` and `hub.challenge`, the dots
 * being part of the names. The challenge is echoed as plain text.
 * @throws Fault challenge_refused when the token is wrong, or a part is missing or repeated
 */
export function challenge(request: IntakeRequest, account: Account): IntakeAnswer | undefined {
  const query = request.url.searchParams;
  if (request.method !== 'GET' || ![...query.keys()].some((name) => name.startsWith('hub.'))) return undefined;
  const only = (name: string): string | undefined =>
    query.getAll(name).length === 1 ? query.get(name) || undefined : undefined;
  const token = only('hub.verify_token');
  const echo = only('hub.challenge');
  const known = token !== undefined && secretsOf(account, 'verify_token').some((secret) => isSame(secret, token));
  if (!known || !echo || only('hub.mode') !== 'subscribe') throw new Fault('challenge_refused');
  return { status: 200, type: 'text/plain; charset=utf-8', body: echo };
}

/** Compares digests, so that neither the place of a difference nor a length shows in the time it takes. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(sha256(one), sha256(other));

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
