import { expect, test } from 'vitest';
import type { CaptureSubject, Hop, HopAnswer, HopFailure } from '../../core/carrier.ts';
import { isFailure } from '../../core/carrier.ts';
import { firstHop, judge, nextHop } from './fetch.ts';
import { readConnection } from './settings.ts';

const now = Date.UTC(2026, 10, 2);
const link = 'https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1003383421387256&ext=1744344797&hash=Abc';
const hex = '49f227634806293b0995459bc310b593e1400f41591efcf07e9bced335f41942';

const subject = (change: Partial<CaptureSubject> = {}): CaptureSubject => ({
  address: '106540352242922',
  carrierMediaId: '1003383421387256',
  source: {},
  account: readConnection({ app_secret: 's', verify_token: 'v', media_hosts: ['media.example:8443'] }),
  channelSecrets: { access_token: 'EAAG' },
  ...change,
});

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): HopAnswer => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

function hop(step: Hop | HopFailure): Hop {
  if (isFailure(step)) throw new Error(`${step.is}: ${step.reason}`);
  return step;
}

test('a look-up asks for the id of this phone number, with the token and a user agent', () => {
  expect(firstHop(subject({ carrierMediaId: 'a/b?c=é' }), now, false)).toEqual({
    url: 'https://graph.facebook.com/v24.0/a%2Fb%3Fc%3D%C3%A9?phone_number_id=106540352242922',
    headers: { 'user-agent': 'mediadock', accept: 'application/json', authorization: 'Bearer EAAG' },
    yields: 'answer',
    perishable: false,
    expects: {},
  });
});

test('the link of the webhook saves the look-up while it lives for at least 15 more seconds', () => {
  const source = { url: link, url_expires_at: now + 15_000 };
  expect(firstHop(subject({ source }), now, false)).toEqual({
    url: link,
    headers: { 'user-agent': 'mediadock', authorization: 'Bearer EAAG' },
    yields: 'file',
    perishable: true,
    expects: {},
  });
  expect(hop(firstHop(subject({ source }), now + 1, false)).yields).toBe('answer');
  expect(hop(firstHop(subject({ source: { url: link } }), now, false)).yields).toBe('answer');
});

test('after a link was refused the look-up decides', () => {
  expect(hop(firstHop(subject({ source: { url: link, url_expires_at: now + 60_000 } }), now, true)).yields).toBe(
    'answer',
  );
});

test('a link of the webhook that may not see the token is no shortcut', () => {
  for (const url of [
    'https://evil.example/x',
    'http://lookaside.fbsbx.com/x',
    'https://u:p@lookaside.fbsbx.com/',
    'nonsense',
  ]) {
    const step = hop(firstHop(subject({ source: { url, url_expires_at: now + 60_000 } }), now, false));
    expect(new URL(step.url).origin, url).toBe('https://graph.facebook.com');
  }
});

test('an id that a path would swallow, or none, is asked for nowhere', () => {
  for (const carrierMediaId of [null, '', '.', '..', 'a\nb']) {
    expect(firstHop(subject({ carrierMediaId }), now, false)).toEqual({ is: 'permanent', reason: 'media_id_missing' });
  }
});

test('without a token the account is to blame, not the media', () => {
  const failure = { is: 'account', reason: 'access_token_missing' };
  expect(firstHop(subject({ channelSecrets: {} }), now, false)).toEqual(failure);
  expect(nextHop(subject({ channelSecrets: {} }), answer(200, { url: link }), now)).toEqual(failure);
});

test('the answer of the look-up gives the link and what the file should be', () => {
  const told = { url: link, mime_type: 'image/jpeg', sha256: hex, file_size: 61901, id: '1' };
  const expected = { sha256: hex, size: 61901, type: 'image/jpeg' };
  expect(nextHop(subject(), answer(200, told), now)).toEqual({
    url: link,
    headers: { 'user-agent': 'mediadock', authorization: 'Bearer EAAG' },
    yields: 'file',
    perishable: true,
    expects: expected,
  });
  const otherForms = { ...told, file_size: '61901', sha256: 'SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=' };
  expect(hop(nextHop(subject(), answer(200, otherForms), now)).expects).toEqual(expected);
  for (const file_size of ['-1', 0, '0', 1.5, null]) {
    const odd = { url: link, mime_type: 7, sha256: 'abc', file_size };
    expect(hop(nextHop(subject(), answer(200, odd), now)).expects).toEqual({});
  }
});

test('a link to a stranger is followed without the token', () => {
  const headersFor = (url: string) => hop(nextHop(subject(), answer(200, { url }), now)).headers;
  expect(headersFor('https://cdn.example/x')).toEqual({ 'user-agent': 'mediadock' });
  expect(headersFor('https://media.example/x')).toEqual({ 'user-agent': 'mediadock' });
  expect(headersFor('https://media.example:8443/x')).toHaveProperty('authorization', 'Bearer EAAG');
  expect(headersFor('https://graph.facebook.com/x')).toHaveProperty('authorization', 'Bearer EAAG');
});

test('an answer of 200 that is no JSON or gives no usable link is tried again', () => {
  for (const body of [
    '<html>busy</html>',
    '',
    '[]',
    {},
    { url: 7 },
    { url: 'file:///etc/passwd' },
    { url: 'https://u@x/' },
    { url: 'https://:p@x/' },
  ]) {
    expect(nextHop(subject(), answer(200, body), now)).toEqual({ is: 'transient', reason: 'look_up_without_link' });
  }
});

test('an error in an answer of 200 is an error', () => {
  expect(nextHop(subject(), answer(200, { error: { code: 190 } }), now)).toEqual({
    is: 'account',
    reason: 'carrier_190',
  });
});

test('a refusal by a link asks for a fresh one, anything else is tried again', () => {
  const refusal = (status: number, headers = {}) =>
    judge(subject(), hop(firstHop(subject(), now, false)), answer(status, '', headers), now);
  for (const status of [401, 403, 404, 410]) {
    expect(refusal(status)).toEqual({ is: 'expired_link', reason: `link_${status}` });
  }
  for (const status of [302, 400, 429, 500, 503]) {
    expect(refusal(status)).toEqual({ is: 'transient', reason: `link_${status}` });
  }
  expect(refusal(429, { 'retry-after': '7' })).toEqual({ is: 'transient', reason: 'link_429', retryAfterMs: 7000 });
});
