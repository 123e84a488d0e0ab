import { expect, test } from 'vitest';
import type { CaptureSubject, Hop, HopAnswer } from '../../core/carrier.ts';
import { firstHop, judge, judgeProbe, nextHop, probe } from './fetch.ts';
import { readConnection } from './settings.ts';

const now = Date.UTC(2026, 10, 2);
const hour = 60 * 60 * 1000;

const subject = (url: string | undefined, settings: object = {}, announcedAt = now): CaptureSubject => ({
  address: 'a@rbm.goog',
  carrierMediaId: null,
  source: url === undefined ? {} : { url, announced_at: announcedAt },
  account: readConnection({ client_token: 'token', ...settings }),
  channelSecrets: {},
});
const answer = (status: number, headers: Record<string, string> = {}): HopAnswer => ({
  status,
  headers,
  body: new TextEncoder().encode("<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"),
});
const hop: Hop = {
  url: 'https://storage.googleapis.com/a',
  headers: {},
  yields: 'file',
  perishable: false,
  expects: {},
};

test('a file is asked for at its own address, with nothing that would say who asks', () => {
  for (const url of ['https://storage.googleapis.com/b/uuid/hex', 'https://rcs-copper-us.googleapis.com/uuid/hex']) {
    expect(firstHop(subject(url))).toEqual({ ...hop, url });
  }
});

test('an address elsewhere is never asked, however much it looks like one of the carrier', () => {
  for (const url of [
    'https://evil.example/x',
    'https://googleapis.com.evil.example/x',
    'https://evilgoogleapis.com/x',
    'https://storage.googleapis.com@evil.example/x',
    'https://storage.googleapis.com:8443/x',
    'https://storage.googleapis.com./x',
    'http://169.254.169.254/latest/',
    'https://evil.example/#storage.googleapis.com',
  ]) {
    expect(firstHop(subject(url)), url).toEqual({ is: 'permanent', reason: 'media_url_refused' });
  }
});

test('a host that the connection names later is asked when the file is asked for again', () => {
  const url = 'https://files.example/x';
  expect(firstHop(subject(url))).toMatchObject({ reason: 'media_url_refused' });
  expect(firstHop(subject(url, { media_hosts: ['*.googleapis.com', 'files.example'] }))).toMatchObject({ url });
});

test('a file without address has nothing to ask for, and no answer leads any further', () => {
  expect(firstHop(subject(undefined))).toEqual({ is: 'permanent', reason: 'media_id_missing' });
  expect(nextHop()).toMatchObject({ is: 'permanent' });
});

test('a file that is not there may still come within the hour, and then never will', () => {
  for (const status of [401, 403, 404, 410]) {
    const reason = `link_${status}`;
    expect(judge(subject(hop.url), hop, answer(status), now + hour - 1)).toEqual({ is: 'transient', reason });
    expect(judge(subject(hop.url), hop, answer(status), now + hour)).toEqual({ is: 'permanent', reason });
  }
});

test('a server in trouble is asked again, not before it wishes', () => {
  for (const status of [400, 408, 429, 500, 503]) {
    const late = judge(subject(hop.url), hop, answer(status, { 'retry-after': '7' }), now + 9 * hour);
    expect(late).toEqual({ is: 'transient', reason: `link_${status}`, retryAfterMs: 7000 });
  }
});

test('the probe asks whether the API is there', () => {
  expect(probe(subject(undefined))).toMatchObject({
    url: 'https://rcsbusinessmessaging.googleapis.com/$discovery/rest?version=v1',
    headers: {},
  });
  expect(judgeProbe(answer(200), now)).toBeUndefined();
  expect(judgeProbe(answer(403), now)).toEqual({ is: 'account', reason: 'link_403' });
  expect(judgeProbe(answer(503), now)).toEqual({ is: 'transient', reason: 'link_503' });
});
