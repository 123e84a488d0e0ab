import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account, IntakeAnswer, IntakeRequest } from '../../core/carrier.ts';
import { Fault } from '../../core/faults.ts';
import { member, readJson } from '../json-reading.ts';
import { isEnvelope } from './push.ts';
import { clientTokensOf } from './settings.ts';

/** A handshake is two short members; whatever is longer is not read before its signature is. */
const mostBytes = 8 * 1024;

/**
 * Google's check of a webhook: a POST with `clientToken` and `secret` and without `message`, which no signature covers. Whoever
 * knows the token gets the secret back as plain text.
 * https://developers.google.com/business-communications/rcs-business-messaging/guides/integrate/webhooks
 * @throws Fault challenge_refused when the token is wrong, or either part is missing
 */
export function challenge(request: IntakeRequest, account: Account): IntakeAnswer | undefined {
  if (request.method !== 'POST' || request.body.byteLength > mostBytes) return undefined;
  const body = readJson(request.body);
  const [token, secret] = [member(body, 'clientToken'), member(body, 'secret')];
  if (isEnvelope(body) || (token === undefined && secret === undefined)) return undefined;
  const isKnown = typeof token === 'string' && clientTokensOf(account).some((known) => isSame(known, token));
  if (!isKnown || typeof secret !== 'string' || secret === '') throw new Fault('challenge_refused');
  return { status: 200, type: 'text/plain; charset=utf-8', body: secret };
}

/** Compares digests, so that neither the place of a difference nor a length shows in the time it takes. */
const isSame = (one: string, other: string): boolean => timingSafeEqual(sha256(one), sha256(other));

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
