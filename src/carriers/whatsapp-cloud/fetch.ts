// From a media id to its bytes: a look-up answers with a link that lives five minutes, and the link gives the file. The
// webhook may bring such a link itself, which saves the look-up while it is fresh; the look-up stays the source of truth.
// Both need the access token, and the token goes to no origin but those that the connection trusts with it.

import type { Account, CaptureSubject, Hop, HopAnswer, HopFailure } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { foreignId } from '../../core/text.ts';
import { readSha256 } from '../declared-sha256.ts';
import { member, readJson, textOf, wholeNumber } from '../json-reading.ts';
import { judgeLookUp, transient } from './graph-error.ts';
import { graphOf, tokenOrigins } from './settings.ts';

/** The life that a link from the webhook must have left, so that a slow connection does not lose the race. */
const freshMs = 15_000;

/** Requests without one have been refused. */
export const agent = { 'user-agent': 'mediadock' };

/** The webhook's own link while it is fresh and trusted, otherwise the look-up. */
export function firstHop(subject: CaptureSubject, now: Millis, again: boolean): Hop | HopFailure {
  const id = foreignId(subject.carrierMediaId);
  // A URL path would swallow the dots and ask for something else.
  if (id === undefined || id === '.' || id === '..') return { is: 'permanent', reason: 'media_id_missing' };
  const token = tokenOf(subject.channelSecrets);
  if (token === undefined) return { is: 'account', reason: 'access_token_missing' };
  const { url, url_expires_at: expiresAt } = subject.source;
  if (!again && typeof expiresAt === 'number' && expiresAt - now >= freshMs) {
    const link = linkHop(url, subject.account, token, {});
    if (link !== undefined && 'authorization' in link.headers) return link;
  }
  return {
    url: `${graphOf(subject.account)}/${encodeURIComponent(id)}?phone_number_id=${encodeURIComponent(subject.address)}`,
    headers: { ...agent, accept: 'application/json', authorization: `Bearer ${token}` },
    yields: 'answer',
    perishable: false,
    expects: {},
  };
}

/** Reads the answer of the look-up: the link and what the file should be, or why there is none. */
export function nextHop(subject: CaptureSubject, answer: HopAnswer, now: Millis): Hop | HopFailure {
  const body = readJson(answer.body);
  const error = member(body, 'error');
  if (answer.status !== 200 || error !== undefined) return judgeLookUp(answer, error, now);
  const token = tokenOf(subject.channelSecrets);
  if (token === undefined) return { is: 'account', reason: 'access_token_missing' };
  const link = linkHop(member(body, 'url'), subject.account, token, expectations(body));
  return link ?? transient('look_up_without_link', answer, now);
}

/** What a refusal by a link means. Only the look-up gives a readable reason, so a link that is refused is asked for afresh. */
export function judge(_subject: CaptureSubject, _hop: Hop, answer: HopAnswer, now: Millis): HopFailure {
  const reason = `link_${answer.status}` as const;
  return [401, 403, 404, 410].includes(answer.status) ? { is: 'expired_link', reason } : transient(reason, answer, now);
}

/** A link comes from a payload: where its origin is not trusted with the token, the token stays at home. */
function linkHop(url: unknown, account: Account, token: string, expects: Hop['expects']): Hop | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const link = new URL(url);
  if (!/^https?:$/.test(link.protocol) || link.username !== '' || link.password !== '') return undefined;
  const credentials = tokenOrigins(account).has(link.origin) ? { authorization: `Bearer ${token}` } : {};
  return { url: link.href, headers: { ...agent, ...credentials }, yields: 'file', perishable: true, expects };
}

/** Here the sha256 is mostly hex, in webhooks mostly base64. */
function expectations(body: unknown): Hop['expects'] {
  const sha256 = readSha256(member(body, 'sha256'));
  const size = wholeNumber(member(body, 'file_size'));
  const type = foreignId(member(body, 'mime_type'));
  return {
    ...(sha256 !== null && { sha256 }),
    ...(size !== undefined && size > 0 && { size }),
    ...(type !== undefined && { type }),
  };
}

export const tokenOf = (secrets: JsonObject): string | undefined => textOf(secrets['access_token'], 4096) ?? undefined;
