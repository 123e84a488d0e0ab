// Everything that can go wrong with a file of RCS, each alone: the right bytes arrive, or the failure is seen. Waits are at
// their least, and the clock stands still until it is moved past them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RcsFaultName, rcsFaults } from '../../src/sandbox/rcs/fault.ts';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import { linkedSha256 } from './announced.ts';
import { expectNothingOfRcsLeaked, type RcsRig, startRcsRig } from './rcs-rig.ts';

const second = 1000;
const hour = 3600 * second;

let rcs: RcsRig;
/** With time limits that a test can wait for; where nothing stalls, they would measure the machine. */
let impatient: RcsRig;
let stranger: Receiver;
beforeAll(async () => {
  rcs = await startRcsRig();
  impatient = await startRcsRig({ MEDIADOCK_STALL_SECONDS: '3', MEDIADOCK_HEADERS_TIMEOUT_SECONDS: '3' });
  for (const { rig } of [rcs, impatient]) rig.clock.hold();
  stranger = await startReceiver({ clock: rcs.rig.clock, host: '127.0.0.3' });
});
afterAll(async () => {
  await rcs.close();
  await impatient.close();
  await stranger.close();
});

/** What follows a fault that strikes once: nothing, or a try that fails for this reason before one that does not. */
const outcomes: Record<RcsFaultName, { reason: string; afterMs?: number } | 'harmless'> = {
  not_found: { reason: 'link_404' },
  access_denied: { reason: 'link_403' },
  status_429: { reason: 'link_429', afterMs: 30 * second },
  status_500: { reason: 'link_500' },
  html_page: { reason: 'html_in_place_of_file' },
  reset: { reason: 'reset' },
  reset_mid_body: { reason: 'reset' },
  truncated: { reason: 'reset' },
  chunked: 'harmless',
  empty: { reason: 'file_empty' },
  short: { reason: 'file_short' },
  long: { reason: 'file_long' },
  served_octets: 'harmless',
  served_wrong_type: 'harmless',
  served_no_type: 'harmless',
  gzip: { reason: 'content_encoding_unasked' },
  stall: { reason: 'timeout' },
  stall_mid_body: { reason: 'stalled' },
  redirect: 'harmless',
  redirect_loop: { reason: 'too_many_redirects' },
  redirect_private: { reason: 'redirect_refused' },
};
const cases = Object.entries(outcomes) as [RcsFaultName, (typeof outcomes)[RcsFaultName]][];

test.each(cases)('%s, once: the right bytes arrive, at once or with the next try', async (name, outcome) => {
  // A loop leads through the same address four times.
  const times = name === 'redirect_loop' ? 4 : 1;
  const at = rcsFaults[name].is === 'stall' ? impatient : rcs;
  const announced = await at.announce({ faults: [{ fault: rcsFaults[name], times }] });
  if (outcome !== 'harmless') {
    expect(await announced.try(1)).toMatchObject({ outcome: 'retry', reason: outcome.reason });
    expect(await announced.now()).toMatchObject({ state: 'pending', url: null, sha256: null });
    at.rig.clock.advance(outcome.afterMs ?? 500);
  }
  const media = await announced.delivered();
  const { sha256 } = announced.file.media;
  expect(media).toMatchObject({ state: 'stored', type: 'image/png', integrity: 'unchecked', sha256 });
  expect(await linkedSha256(media.url)).toBe(sha256);
  const tries = outcome === 'harmless' ? 1 : 2;
  expect(await announced.try(tries)).toMatchObject({ outcome: 'stored' });
  expect(announced.tries()).toHaveLength(tries);
});

test('a file that is still not there after an hour is unavailable, and may be asked for once more', async () => {
  const fault = { fault: rcsFaults.not_found, times: 2 };
  const announced = await rcs.announce({ faults: [fault] });
  expect(await announced.try(1)).toMatchObject({ outcome: 'retry', reason: 'link_404' });
  rcs.rig.clock.advance(hour);
  expect(await announced.try(2)).toMatchObject({ outcome: 'unavailable', reason: 'link_404' });
  const retry = await rcs.rig.call('POST', `/api/v1/media/${announced.id}/retry`, undefined, rcs.tenant.key);
  expect(retry.status).toBe(202);
  expect(await announced.try(3)).toMatchObject({ outcome: 'stored' });
});

test.each([
  ['as digits', (size: number) => String(size)],
  ['not at all', () => null],
  ['as nothing', () => 0],
])('a size that is told %s does not keep the file from being stored', async (_, fileSizeBytes) => {
  const announced = await rcs.announce({ says: ({ media }) => ({ fileSizeBytes: fileSizeBytes(media.size) }) });
  expect(await announced.delivered()).toMatchObject({ state: 'stored', integrity: 'unchecked' });
  expect(await announced.try(1)).toMatchObject({ outcome: 'stored' });
  expect(announced.tries()).toHaveLength(1);
});

test('a size that no download has is doubted ten times, and then said to be missed', async () => {
  const announced = await rcs.announce({ says: { fileSizeBytes: 7 } });
  for (let nth = 1; nth <= 9; nth++) {
    expect(await announced.try(nth)).toMatchObject({ outcome: 'retry', reason: 'file_long' });
    rcs.rig.clock.advance(500 * 2 ** (nth - 1));
  }
  const { sha256 } = announced.file.media;
  expect(await announced.delivered()).toMatchObject({ state: 'stored', integrity: 'mismatch', sha256 });
});

test('an empty name and an odd type are the sender’s affair', async () => {
  const announced = await rcs.announce({ says: { fileName: '', mimeType: 'application/x-pem-file' } });
  expect(await announced.delivered()).toMatchObject({
    state: 'stored',
    kind: 'document',
    type: 'application/x-pem-file',
    file_name: null,
  });
});

test.each([
  ['a stranger', () => stranger.url],
  ['a stranger behind a query like the store', () => `${stranger.url}?https://storage.googleapis.com/`],
  ['a stranger behind a name like the store', () => `http://storage.googleapis.com@${new URL(stranger.url).host}/x`],
  ['a name that begins like the store', () => 'https://storage.googleapis.com.evil.example/x'],
  ['the store’s host at another port', () => `${rcs.google.otherOrigin}/moved/x`],
  ['an address inside', () => 'http://169.254.169.254/latest/meta-data/'],
  ['a file on this machine', () => 'file:///etc/passwd'],
])('a file that is said to be at %s is not asked for anywhere', async (_, fileUri) => {
  const asked = rcs.google.requests.length;
  const announced = await rcs.announce({ says: { fileUri: fileUri() } });
  expect(await announced.delivered()).toMatchObject({
    state: 'unavailable',
    reason: expect.stringMatching(/^(media_url_refused|invalid_url)$/),
  });
  expect(stranger.received).toHaveLength(0);
  expect(rcs.google.requests.length).toBe(asked);
});

test('a host that is trusted afterwards gives the file when it is asked for again', async () => {
  const { rig, connectionId, tenant, google } = rcs;
  const here = new URL(google.origin).host;
  const trust = async (media_hosts: string[]) =>
    expect((await rig.call('PATCH', `/api/v1/connections/${connectionId}`, { media_hosts })).status).toBe(200);
  await trust(['*.googleapis.com']);
  const announced = await rcs.announce();
  expect(await announced.delivered()).toMatchObject({ state: 'unavailable', reason: 'media_url_refused' });
  await trust(['*.googleapis.com', here]);
  expect((await rig.call('POST', `/api/v1/media/${announced.id}/retry`, undefined, tenant.key)).status).toBe(202);
  expect(await announced.try(2)).toMatchObject({ outcome: 'stored' });
});

test('a redirect to a stranger is followed with nothing that would tell who asks', async () => {
  stranger.answer({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'one' });
  const to = new URL(stranger.url);
  const announced = await rcs.announce({
    faults: [{ fault: { is: 'redirect', to } }],
    says: { fileSizeBytes: 3, mimeType: 'text/plain' },
  });
  expect(await announced.delivered()).toMatchObject({ state: 'stored', size: 3 });
  expect(stranger.received).toHaveLength(1);
  for (const { headers } of stranger.received) {
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['authorization']));
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['referer']));
  }
});

test('in all of this nothing secret left the gateway or stands in its log', () => {
  for (const at of [rcs, impatient]) expectNothingOfRcsLeaked(at);
});
