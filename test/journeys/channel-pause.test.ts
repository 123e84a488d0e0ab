// A channel whose carrier refuses us: it pauses, nothing is lost, and it works again by a new token or by a probe.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { type Announced, type Announcement, announce } from './announced.ts';
import { expectNothingLeaked } from './nothing-leaked.ts';
import { type Body, eventOf, type Rig, startRig, type Tenant } from './rig.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const always = Number.POSITIVE_INFINITY;
const unknownForEver: Announcement = {
  faults: [{ fault: faultCatalogue.unknown_media, times: always }],
  says: { url: 'missing' },
};

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  rig.clock.hold();
});
afterAll(() => rig.close());

const tenants: Tenant[] = [];
async function newTenant(): Promise<Tenant> {
  const tenant = await rig.tenant();
  tenants.push(tenant);
  return tenant;
}
const channelOf = async ({ channelId }: Tenant): Promise<Body> =>
  (await rig.call('GET', `/api/v1/channels/${channelId}`)).body;
const giveToken = (tenant: Tenant, access_token: string) =>
  rig.call('PATCH', `/api/v1/channels/${tenant.channelId}`, { access_token });
const event = async (tenant: Tenant, type: string): Promise<Body> =>
  eventOf(await tenant.receiver.next(({ json }) => (json as Body).type === type));
const events = (tenant: Tenant, type: string) =>
  tenant.receiver.received.filter(({ json }) => (json as Body).type === type);
const requestsFor = ({ kept }: Announced) => rig.sandbox.requests.filter(({ mediaId }) => mediaId === kept.id);

/** Resolves when all that is due has been claimed: another channel's file is due last, and is stored. */
async function allDueIsClaimed(): Promise<void> {
  const other = await newTenant();
  await (await announce(rig, other)).delivered();
}

test('a token that expired pauses its channel at once, and a new one resumes it at once with nothing lost', async () => {
  const tenant = await newTenant();
  const neighbour = await newTenant();
  rig.sandbox.replaceToken(tenant.phoneNumberId, 'EAAG-second-token');
  const first = await announce(rig, tenant);
  expect(await first.try(1)).toMatchObject({ outcome: 'retry', reason: 'carrier_190' });
  expect((await event(tenant, 'channel.paused')).data.channel).toMatchObject({
    id: tenant.channelId,
    state: 'paused',
    reason: 'carrier_190',
  });
  expect(await channelOf(tenant)).toMatchObject({ state: 'paused', reason: 'carrier_190' });

  const later = await Promise.all([announce(rig, tenant), announce(rig, tenant), announce(rig, tenant)]);
  expect(await (await announce(rig, neighbour)).delivered()).toMatchObject({ state: 'stored' });
  for (const one of later) {
    expect(await one.now()).toMatchObject({ state: 'pending' });
    expect(requestsFor(one)).toHaveLength(0);
  }
  rig.clock.advance(2 * second);
  const ready = await rig.call('GET', '/readyz', undefined, null);
  expect(ready.body.checks.find(({ name }: Body) => name === 'channels')).toMatchObject({ ok: false });

  expect((await giveToken(tenant, 'EAAG-second-token')).status).toBe(200);
  for (const one of [first, ...later]) {
    expect(await one.delivered()).toMatchObject({ state: 'stored', integrity: 'verified', sha256: one.kept.sha256 });
  }
  expect((await event(tenant, 'channel.resumed')).data.channel).toMatchObject({ state: 'active', reason: null });
  expect(await channelOf(tenant)).toMatchObject({ state: 'active', reason: null });
  expect(events(tenant, 'channel.paused')).toHaveLength(1);
  expect(events(tenant, 'channel.resumed')).toHaveLength(1);
  expect(events(neighbour, 'channel.paused')).toHaveLength(0);
});

test('a paused channel is probed with one media every 15 minutes, and resumes when the carrier accepts it', async () => {
  const tenant = await newTenant();
  rig.sandbox.replaceToken(tenant.phoneNumberId, 'EAAG-elsewhere');
  const first = await announce(rig, tenant, { says: { url: 'missing' } });
  await event(tenant, 'channel.paused');
  const second = await announce(rig, tenant, { says: { url: 'missing' } });
  const asked = () => requestsFor(first).length + requestsFor(second).length;
  expect(asked()).toBe(1);
  for (let probe = 1; probe <= 4; probe++) {
    rig.clock.advance(15 * minute - 1);
    await allDueIsClaimed();
    expect(asked()).toBe(probe);
    rig.clock.advance(1);
    const tries = () => first.tries().length + second.tries().length;
    await rig.log.next((line) => line.msg === 'capture' && tries() === 1 + probe);
    expect(asked()).toBe(1 + probe);
  }
  // The message was not kept waiting by that.
  expect(await first.delivered()).toMatchObject({ state: 'pending' });

  rig.sandbox.replaceToken(tenant.phoneNumberId, tenant.accessToken);
  rig.clock.advance(15 * minute);
  await event(tenant, 'channel.resumed');
  for (const one of [first, second]) {
    expect(await one.heard('media.stored')).toMatchObject({ integrity: 'verified', sha256: one.kept.sha256 });
  }
  expect(events(tenant, 'channel.paused')).toHaveLength(1);
});

test('a pause costs the media no tries', async () => {
  const tenant = await newTenant();
  const announced = await announce(rig, tenant, {
    faults: [
      { fault: faultCatalogue.token_expired, times: 5 },
      { fault: faultCatalogue.look_up_500, times: 1 },
    ],
    says: { url: 'missing' },
  });
  for (let nth = 1; nth <= 5; nth++) {
    expect(await announced.try(nth)).toMatchObject({ reason: 'carrier_190' });
    rig.clock.advance(15 * minute);
  }
  expect(await announced.try(6)).toMatchObject({ reason: 'look_up_500' });
  rig.clock.advance(500);
  expect(await announced.try(7)).toMatchObject({ outcome: 'stored' });
});

test('a media unknown to the carrier is asked for after 10 s, 1 min, 10 min, 1 h and then every 6 h, and pauses nothing', async () => {
  const tenant = await newTenant();
  const announced = await announce(rig, tenant, unknownForEver);
  for (const [at, wait] of [10 * second, minute, 10 * minute, hour, 6 * hour, 6 * hour].entries()) {
    expect(await announced.try(at + 1)).toMatchObject({ outcome: 'retry', reason: 'carrier_100_33' });
    rig.clock.advance(wait - 1);
    await allDueIsClaimed();
    expect(announced.tries()).toHaveLength(at + 1);
    rig.clock.advance(1);
  }
  await announced.try(7);
  expect(await channelOf(tenant)).toMatchObject({ state: 'active' });
  rig.sandbox.clearFaults();
  rig.clock.advance(6 * hour);
  expect(await announced.heard('media.stored')).toMatchObject({ integrity: 'verified' });
});

test('three different media that are unknown within 10 minutes pause the channel, and a new token resumes it at once', async () => {
  const tenant = await newTenant();
  const lost: Announced[] = [];
  for (let nth = 1; nth <= 3; nth++) {
    expect(await channelOf(tenant)).toMatchObject({ state: 'active' });
    const announced = await announce(rig, tenant, unknownForEver);
    await announced.try(1);
    lost.push(announced);
  }
  expect(await channelOf(tenant)).toMatchObject({ state: 'paused', reason: 'carrier_100_33' });
  expect((await event(tenant, 'channel.paused')).data.channel).toMatchObject({ reason: 'carrier_100_33' });

  rig.sandbox.clearFaults();
  rig.sandbox.replaceToken(tenant.phoneNumberId, 'EAAG-of-the-right-account');
  await giveToken(tenant, 'EAAG-of-the-right-account');
  for (const one of lost) expect(await one.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
  await event(tenant, 'channel.resumed');
});

test('two unknown media pause nothing, however often they fail', async () => {
  const tenant = await newTenant();
  const lost = [await announce(rig, tenant, unknownForEver), await announce(rig, tenant, unknownForEver)];
  for (const [at, wait] of [10 * second, minute, 5 * minute].entries()) {
    for (const one of lost) await one.try(at + 1);
    expect(await channelOf(tenant)).toMatchObject({ state: 'active' });
    rig.clock.advance(wait);
  }
  // Told without their files, which are due five minutes later.
  for (const one of lost) expect(await one.delivered()).toMatchObject({ state: 'pending' });
  rig.sandbox.clearFaults();
  rig.clock.advance(5 * minute);
  for (const one of lost) expect(await one.heard('media.stored')).toMatchObject({ integrity: 'verified' });
});

test.each([
  ['unknown to the carrier', faultCatalogue.unknown_media],
  ['given with other bytes each time', faultCatalogue.wrong_bytes],
  ['answered with an error', faultCatalogue.link_500],
])('one media that is %s keeps no channel paused whose new token works', async (_, fault) => {
  const tenant = await newTenant();
  rig.sandbox.replaceToken(tenant.phoneNumberId, 'EAAG-next');
  const good = await announce(rig, tenant, { says: { url: 'missing' } });
  await event(tenant, 'channel.paused');
  // The newest is asked for first.
  const bad = await announce(rig, tenant, { faults: [{ fault, times: always }], says: { url: 'missing' } });
  await giveToken(tenant, 'EAAG-next');
  await event(tenant, 'channel.resumed');
  expect(await good.delivered()).toMatchObject({ state: 'stored' });
  expect(await bad.now()).toMatchObject({ state: 'pending' });
  rig.sandbox.clearFaults();
});

test('what the carrier dropped while the channel was paused is told as lost once the token is good, and the rest is captured', async () => {
  const tenant = await newTenant();
  rig.sandbox.replaceToken(tenant.phoneNumberId, 'EAAG-found-late');
  const lost = await announce(rig, tenant, { says: { url: 'missing' } });
  await event(tenant, 'channel.paused');
  rig.clock.advance(5 * minute);
  expect(await lost.delivered()).toMatchObject({ state: 'pending' });
  rig.clock.advance(8 * 24 * hour);
  const fresh = await announce(rig, tenant);
  await giveToken(tenant, 'EAAG-found-late');
  expect(await fresh.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
  expect(await lost.heard('media.unavailable')).toMatchObject({ reason: 'carrier_deadline_passed: carrier_100_33' });
  expect(await channelOf(tenant)).toMatchObject({ state: 'active' });
});

test('in all of this nothing secret went to another host, into a query or into the log', () => {
  expectNothingLeaked(rig, ...tenants);
});
