// From an address to its bytes. The address came in signed data, wants no credentials and cannot be had anew: there is no
// look-up. It is asked only where the connection expects files to be.

import type { Account, CaptureSubject, ChannelSubject, Hop, HopAnswer, HopFailure } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import { retryAfterMs } from '../../outgoing/retry-after.ts';
import { apiOf, isMediaHost } from './settings.ts';

// Google says nothing of a file that follows its message late, but a store that is spread over the world may be so.
// An hour of asking costs nothing.
const propagationMs = 60 * 60 * 1000;

export function firstHop({ source, account }: CaptureSubject): Hop | HopFailure {
  const url = source['url'];
  if (typeof url !== 'string' || !URL.canParse(url)) return { is: 'permanent', reason: 'media_id_missing' };
  if (!isMediaHost(new URL(url), account)) return { is: 'permanent', reason: 'media_url_refused' };
  return { url, headers: {}, yields: 'file', perishable: false, expects: {} };
}

/** No look-up is ever made. */
export const nextHop = (): HopFailure => ({ is: 'permanent', reason: 'too_many_hops' });

/** The store answers 403 as well as 404 for what is not there, and never for want of credentials. */
export function judge(subject: CaptureSubject, _hop: Hop, answer: HopAnswer, now: Millis): HopFailure {
  const failure = transient(answer, now);
  const isGone = [401, 403, 404, 410].includes(answer.status);
  const isNew = now - Number(subject.source['announced_at']) < propagationMs;
  return isGone && !isNew ? { is: 'permanent', reason: failure.reason } : failure;
}

/** Receiving needs no account at Google, so all that can be asked is whether the API is there: its description is public. */
export const probe = ({ account }: ChannelSubject): Hop => ({
  url: describedAt(account),
  headers: {},
  yields: 'answer',
  perishable: false,
  expects: {},
});

export function judgeProbe(answer: HopAnswer, now: Millis): HopFailure | undefined {
  if (answer.status === 200) return undefined;
  const failure = transient(answer, now);
  return answer.status === 401 || answer.status === 403 ? { is: 'account', reason: failure.reason } : failure;
}

const describedAt = (account: Account): string => `${apiOf(account)}/$discovery/rest?version=v1`;

function transient(answer: HopAnswer, now: Millis): HopFailure & { is: 'transient' } {
  const wait = retryAfterMs(answer.headers, now);
  return { is: 'transient', reason: `link_${answer.status}`, ...(wait !== null && { retryAfterMs: wait }) };
}
