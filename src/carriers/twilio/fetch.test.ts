import { expect, test } from 'vitest';
import { type CaptureSubject, type HopAnswer, isFailure } from '../../core/carrier.ts';
import { firstHop, judge, judgeProbe } from './fetch.ts';
import { readConnection } from './settings.ts';

const now = Date.UTC(2026, 10, 2);
const sid = (kind: string, digit: string): string => kind + digit.repeat(32);
const given = { account_sid: sid('AC', '0'), auth_token: ['new', 'old'] };

const subject = (more: Partial<CaptureSubject> = {}): CaptureSubject => ({
  address: '+15558675310',
  carrierMediaId: sid('ME', '3'),
  source: { message_sid: sid('MM', '2'), announced_at: now },
  account: readConnection(given),
  channelSecrets: {},
  ...more,
});
const answer = (status: number, body = '', headers = {}): HopAnswer => ({ status, headers, body: Buffer.from(body) });
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

function hop(of: CaptureSubject) {
  const step = firstHop(of);
  if (isFailure(step)) throw new Error(step.reason);
  return step;
}

test("the account's own media is asked for, with the newest token or with the key", () => {
  const url = `https://api.twilio.com/2010-04-01/Accounts/${sid('AC', '0')}/Messages/${sid('MM', '2')}/Media/${sid('ME', '3')}`;
  expect(hop(subject())).toMatchObject({ url, headers: { authorization: basic(sid('AC', '0'), 'new') } });
  const account = readConnection({ ...given, api_key_sid: sid('SK', '1'), api_key_secret: 'pass' });
  expect(hop(subject({ account }))).toMatchObject({ url, headers: { authorization: basic(sid('SK', '1'), 'pass') } });
});

test.each([
  { carrierMediaId: '../Messages' },
  { carrierMediaId: null },
  { source: { message_sid: 'https://evil.example' } },
  { source: {} },
])('without ids of the right form nothing is asked: %j', (more) => {
  expect(firstHop(subject(more))).toEqual({ is: 'permanent', reason: 'media_id_missing' });
});

test('a file that is not found yet is asked for again for an hour, and then it is gone', () => {
  const gone = answer(404, '{"code":20404,"status":404}');
  const at = (ms: number) => judge(subject(), hop(subject()), gone, now + ms);
  expect(at(1000)).toEqual({ is: 'transient', reason: 'carrier_20404' });
  expect(at(59 * 60_000)).toMatchObject({ is: 'transient' });
  expect(at(60 * 60_000)).toEqual({ is: 'permanent', reason: 'carrier_20404' });
});

test.each([
  [401, '{"code":20003}', { is: 'account', reason: 'carrier_20003' }],
  [403, '{"code":20403}', { is: 'account', reason: 'carrier_20403' }],
  // The signed link behind the redirect, which is made anew with every try.
  [403, '<Error><Code>AccessDenied</Code></Error>', { is: 'transient', reason: 'link_403' }],
  [429, '{"code":20429}', { is: 'transient', reason: 'carrier_20429' }],
  [410, '', { is: 'permanent', reason: 'link_410' }],
  [500, 'oops', { is: 'transient', reason: 'link_500' }],
])('%i with %s is judged by what it says', (status, body, failure) => {
  expect(judge(subject(), hop(subject()), answer(status, body), now)).toEqual(failure);
});

test('a probe is passed by a list of messages, and only by that', () => {
  expect(judgeProbe(answer(200, '{}'), now)).toBeUndefined();
  expect(judgeProbe(answer(401, '{"code":20003}'), now)).toMatchObject({ is: 'account' });
});

test('a key without its secret is refused by name', () => {
  expect(() => readConnection({ ...given, api_key_sid: sid('SK', '1') })).toThrow(/api_key_secret/);
});
