// Whether Meta accepts a number's token: the number is asked for itself, which needs the same permission as its media.
// https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status/

import type { ChannelSubject, Hop, HopAnswer, HopFailure } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import { foreignId } from '../../core/text.ts';
import { member, readJson } from '../json-reading.ts';
import { agent, tokenOf } from './fetch.ts';
import { judgeLookUp } from './graph-error.ts';
import { graphOf } from './settings.ts';

export function probe({ address, account, channelSecrets }: ChannelSubject): Hop | HopFailure {
  const token = tokenOf(channelSecrets);
  if (token === undefined) return { is: 'account', reason: 'access_token_missing' };
  return {
    url: `${graphOf(account)}/${encodeURIComponent(address)}?fields=id`,
    headers: { ...agent, accept: 'application/json', authorization: `Bearer ${token}` },
    yields: 'answer',
    perishable: false,
    expects: {},
  };
}

export function judgeProbe(answer: HopAnswer, now: Millis): HopFailure | undefined {
  const body = readJson(answer.body);
  const error = member(body, 'error');
  const accepted = answer.status === 200 && error === undefined && foreignId(member(body, 'id')) !== undefined;
  return accepted ? undefined : judgeLookUp(answer, error, now);
}
