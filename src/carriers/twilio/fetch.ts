// From a media id to its bytes. The address is made of our own settings and two ids, so whatever a webhook says, the account's
// credentials go to the account's own media and nowhere else. Twilio answers with a redirect to a signed link elsewhere,
// which is followed without them. https://www.twilio.com/docs/messaging/api/media-resource

import {
  type Account,
  type CaptureSubject,
  type ChannelSubject,
  type Hop,
  type HopAnswer,
  type HopFailure,
  isFailure,
} from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import { retryAfterMs } from '../../outgoing/retry-after.ts';
import { member, readJson } from '../json-reading.ts';
import { accountUrl, authorization, deletesCopies } from './settings.ts';

// A file may be unknown for a while after its webhook, because it is still on its way to all of Twilio's machines. The advice
// is to ask again within seconds; an hour costs nothing and loses no file. Support article 44750147594523.
const propagationMs = 60 * 60 * 1000;

/** A request to something of the account, with its credentials. */
export function accountHop(account: Account, path: string, yields: Hop['yields']): Hop | HopFailure {
  const credentials = authorization(account);
  if (credentials === undefined) return { is: 'account', reason: 'access_token_missing' };
  return {
    url: accountUrl(account) + path,
    headers: { authorization: credentials },
    yields,
    perishable: false,
    expects: {},
  };
}

export function firstHop(subject: CaptureSubject): Hop | HopFailure {
  const path = mediaPath(subject);
  return path === undefined
    ? { is: 'permanent', reason: 'media_id_missing' }
    : accountHop(subject.account, path, 'file');
}

/** Below the account; undefined when the ids are not of Twilio's form. */
export function mediaPath({ carrierMediaId, source }: CaptureSubject): string | undefined {
  const message = String(source['message_sid']);
  const media = carrierMediaId ?? '';
  const fits = /^[SM]M[0-9a-f]{32}$/i.test(message) && /^ME[0-9a-f]{32}$/i.test(media);
  return fits ? `/Messages/${message}/Media/${media}` : undefined;
}

/** The file alone is deleted; the message stays. */
export function discard(subject: CaptureSubject): Hop | null {
  const path = deletesCopies(subject.account) ? mediaPath(subject) : undefined;
  const hop = path === undefined ? undefined : accountHop(subject.account, path, 'answer');
  return hop === undefined || isFailure(hop) ? null : hop;
}

/** No look-up is ever made. */
export const nextHop = (): HopFailure => ({ is: 'permanent', reason: 'too_many_hops' });

export function judge(subject: CaptureSubject, _hop: Hop, answer: HopAnswer, now: Millis): HopFailure {
  if (answer.status !== 404) return judgeStatus(answer, now);
  const announcedAt = Number(subject.source['announced_at']);
  const failure = transient(answer, now);
  return now - announcedAt < propagationMs ? failure : { is: 'permanent', reason: failure.reason };
}

/** Messages are asked for, because a restricted key may see them and not the account itself. */
export const probe = ({ account }: ChannelSubject): Hop | HopFailure =>
  accountHop(account, '/Messages.json?PageSize=1', 'answer');

export const judgeProbe = (answer: HopAnswer, now: Millis): HopFailure | undefined =>
  answer.status === 200 ? undefined : judgeStatus(answer, now);

/** Twilio says by a code in JSON what is wrong; the store behind the redirect has no such code. */
export function judgeStatus(answer: HopAnswer, now: Millis): HopFailure {
  const failure = transient(answer, now);
  const isAccount = answer.status === 401 || (answer.status === 403 && codeIn(answer.body) !== undefined);
  if (isAccount) return { is: 'account', reason: failure.reason };
  return answer.status === 410 ? { is: 'permanent', reason: failure.reason } : failure;
}

function transient(answer: HopAnswer, now: Millis): HopFailure & { is: 'transient' } {
  const code = codeIn(answer.body);
  const wait = retryAfterMs(answer.headers, now);
  return {
    is: 'transient',
    reason: code === undefined ? `link_${answer.status}` : `carrier_${code}`,
    ...(wait !== null && { retryAfterMs: wait }),
  };
}

function codeIn(body: Uint8Array): number | undefined {
  const code = member(readJson(body), 'code');
  return typeof code === 'number' && Number.isSafeInteger(code) && code > 0 ? code : undefined;
}
