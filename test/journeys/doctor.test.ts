// What the doctor says of a gateway in order, and of each thing that is not.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { startReceiver } from '../../src/sandbox/receiver.ts';
import { about, type Body, fixture, type Rig, startRig, type Tenant } from './rig.ts';

let rig: Rig;
let tenant: Tenant;
beforeAll(async () => {
  rig = await startRig();
  tenant = await rig.tenant();
});
afterAll(() => rig.close());

async function findingsOf(some: Rig = rig): Promise<Body[]> {
  const { status, body } = await some.call('GET', '/api/v1/doctor');
  expect(status).toBe(200);
  return body.findings;
}

const of = (findings: Body[], check: string) => findings.filter((finding) => finding.check === check);

test('a gateway in order is found in order: disk, database, channel, clock, and both ways to it', async () => {
  const findings = await findingsOf();
  // Servers of PostgreSQL that are started for tests do not sync, and the doctor says so.
  const meant = rig.config.databaseUrl === undefined ? ['settings'] : ['settings', 'database'];
  const wrong = findings.filter(({ check, state }) => state !== 'ok' && !meant.includes(check));
  expect(wrong).toEqual([]);
  expect(new Set(findings.map(({ check }) => check))).toEqual(
    new Set(['settings', 'disk', 'database', 'reach', 'channel', 'clock', 'redirects']),
  );
  expect(of(findings, 'channel')).toMatchObject([
    { subject: tenant.channelId, says: 'The carrier accepts its token.' },
  ]);
  expect(of(findings, 'reach').map(({ subject }) => subject)).toEqual(['intake', 'links']);
  expect(of(findings, 'database').length).toBeGreaterThan(2);
});

test('whatever is not in order comes with a remedy, and nothing else does', async () => {
  for (const { state, remedy } of await findingsOf()) expect(remedy === null).toBe(state === 'ok');
});

test('an address that only this machine reaches is told, because carriers cannot call it', async () => {
  const [finding] = of(await findingsOf(), 'settings');
  expect(finding).toMatchObject({ subject: 'MEDIADOCK_PUBLIC_URL', state: 'warn' });
});

test('a token that the carrier refuses is found by a live call, and only that channel is blamed', async () => {
  const other = await rig.tenant();
  rig.sandbox.replaceToken(other.phoneNumberId, 'EAAG-token-that-nobody-told-us');
  const channels = of(await findingsOf(), 'channel');
  expect(channels.find(({ subject }) => subject === other.channelId)).toMatchObject({
    state: 'fail',
    says: 'The carrier refuses its token (carrier_190).',
    remedy: expect.stringContaining(`/api/v1/channels/${other.channelId}`),
  });
  expect(channels.find(({ subject }) => subject === tenant.channelId)).toMatchObject({ state: 'ok' });
  rig.sandbox.replaceToken(other.phoneNumberId, other.accessToken);
});

test('hosts that downloads were redirected to are named, those that were refused with a remedy', async () => {
  for (const fault of ['redirect', 'redirect_private'] as const) {
    const kept = await rig.sandbox.keep(tenant.phoneNumberId, { path: fixture('label.png') }, { type: 'image/png' });
    rig.sandbox.fault(kept.id, faultCatalogue[fault], 1);
    const { compose } = rig.sandbox;
    const message = compose.message(compose.media(kept, { url: 'missing' }));
    await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
    if (fault === 'redirect') await tenant.receiver.next(about(message.id));
    else await rig.log.next((line) => line['reason'] === 'redirect_refused');
  }
  const redirects = of(await findingsOf(), 'redirects');
  expect(redirects).toMatchObject([
    { subject: new URL(rig.sandbox.otherOrigin).host, state: 'ok' },
    { subject: '169.254.169.254', state: 'warn' },
  ]);
});

test('a clock that is ten minutes off is compared with the carrier’s', async () => {
  const early = await startRig();
  await early.tenant();
  early.clock.advance(600_000);
  const asked = performance.now();
  const [clock] = of(await findingsOf(early), 'clock');
  expect(clock).toMatchObject({ state: 'fail', says: expect.stringMatching(/^The clock is \d+ s ahead of/) });
  // The carrier's time is in whole seconds, and it is read only once the answer is here.
  const ahead = Number(/\d+/.exec(clock.says)?.[0]);
  expect(ahead).toBeGreaterThanOrEqual(599);
  expect(ahead).toBeLessThanOrEqual(602 + (performance.now() - asked) / 1000);
  await early.close();
});

test('a public address where somebody else answers, or nobody, is found out', async () => {
  const stranger = await startReceiver({ clock: { now: () => Date.now() } });
  // The second is a port that nobody takes who only asks for a free one.
  for (const [address, says] of [
    [new URL(stranger.url).origin, /answered with \d+, and not by this server/],
    ['http://127.0.0.1:1', /cannot be reached from here/],
  ] as const) {
    const lost = await startRig({ MEDIADOCK_PUBLIC_URL: address });
    const ways = of(await findingsOf(lost), 'reach');
    expect(ways).toHaveLength(2);
    for (const way of ways) expect(way).toMatchObject({ state: 'fail', says: expect.stringMatching(says) });
    await lost.close();
  }
  await stranger.close();
});

test('the doctor answers to keys that may manage the instance only, and shows no secret', async () => {
  expect((await rig.call('GET', '/api/v1/doctor', undefined, tenant.key)).status).toBe(403);
  const { text } = await rig.call('GET', '/api/v1/doctor');
  for (const secret of [tenant.accessToken, tenant.key, rig.connection.appSecret, tenant.display])
    expect(text).not.toContain(secret);
});
