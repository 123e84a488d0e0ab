// The token of a number is seen by its carrier and by nobody else. Links come from payloads, so each test offers one that leads
// elsewhere: to a stranger's server that would gladly hand out the right bytes.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import { announce } from './announced.ts';
import { expectNothingLeaked } from './nothing-leaked.ts';
import { adminKey, type Rig, startRig, type Tenant } from './rig.ts';

const second = 1000;
const file = 'the bytes of a claim form';

let rig: Rig;
let tenant: Tenant;
let stranger: Receiver;
let strangersHost: string;
let carriersHost: string;
beforeAll(async () => {
  rig = await startRig();
  tenant = await rig.tenant();
  stranger = await startReceiver({ clock: rig.clock, host: '127.0.0.3' });
  stranger.answer({ status: 200, headers: { 'content-type': 'text/plain' }, body: file });
  strangersHost = new URL(stranger.url).host;
  carriersHost = new URL(rig.sandbox.origin).host;
});
afterAll(async () => {
  await rig.close();
  await stranger.close();
});

async function* claimForm(): AsyncIterable<Uint8Array> {
  yield Buffer.from(file);
}

/** Links that look as if they led to the carrier, or would if a check were careless. */
const misleading: [what: string, link: () => string][] = [
  ['a stranger', () => `http://${strangersHost}/`],
  ['a stranger behind a path like the carrier', () => `http://${strangersHost}/${carriersHost}/v24.0/`],
  ['a stranger behind a query like the carrier', () => `http://${strangersHost}/?host=graph.facebook.com`],
  ['a stranger behind a backslash', () => `http://${strangersHost}\\@${carriersHost}/`],
  ['a stranger behind a fragment', () => `http://${strangersHost}#@${carriersHost}/`],
  [
    "the carrier's address in another spelling and a stranger's port",
    () => `http://2130706435:${new URL(stranger.url).port}/`,
  ],
  ["the carrier's host under another name", () => `http://localhost:${new URL(rig.sandbox.origin).port}/`],
  ["the carrier's host at another port", () => `${rig.sandbox.otherOrigin}/attachments/`],
  ['a name that begins like the carrier', () => 'https://graph.facebook.com.evil.example/v24.0/'],
  ["a name that begins like the carrier's links", () => 'https://lookaside.fbsbx.com.evil.example/'],
];

test.each(misleading)("the webhook's own link to %s is not even asked: the look-up decides", async (_, link) => {
  const before = { stranger: stranger.received.length, other: atOtherHost().length };
  const says = { url: new URL(link()) };
  const announced = await announce(rig, tenant, { bytes: claimForm(), type: 'text/plain', says });
  expect(await announced.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
  expect(announced.tries()).toHaveLength(1);
  expect(stranger.received).toHaveLength(before.stranger);
  expect(atOtherHost()).toHaveLength(before.other);
});

test.each(misleading.slice(0, 6))('a link of the look-up to %s is followed without the token', async (_, link) => {
  const before = stranger.received.length;
  const announced = await announce(rig, tenant, {
    bytes: claimForm(),
    type: 'text/plain',
    faults: [{ fault: { at: 'look_up', is: 'claims', claims: { url: new URL(link()) } } }],
    says: { url: 'missing' },
  });
  expect(await announced.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
  expect(stranger.received).toHaveLength(before + 1);
  expect(stranger.received.at(-1)?.headers).not.toHaveProperty('authorization');
});

test.each([
  ['a name before the host', () => `http://${carriersHost}@${strangersHost}/`],
  ['a name and a password before the host', () => `http://graph.facebook.com:443@${strangersHost}/`],
])('a link with %s is followed nowhere', async (_, link) => {
  const before = stranger.received.length;
  const url = new URL(link());
  const announced = await announce(rig, tenant, {
    faults: [{ fault: { at: 'look_up', is: 'claims', claims: { url } } }],
    says: { url },
  });
  expect(await announced.try(1)).toMatchObject({ outcome: 'retry', reason: 'look_up_without_link' });
  rig.clock.advance(second);
  expect(await announced.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
  expect(stranger.received).toHaveLength(before);
});

test('a redirect to a stranger is followed without the token, and back to the carrier without it too', async () => {
  const elsewhere = await announce(rig, tenant, {
    bytes: claimForm(),
    type: 'text/plain',
    faults: [{ fault: { at: 'link', is: 'redirect', to: new URL(stranger.url) } }],
  });
  expect(await elsewhere.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
  expect(stranger.received.at(-1)?.headers).not.toHaveProperty('authorization');

  const others = atOtherHost().length;
  const known = await announce(rig, tenant, { faults: [{ fault: faultCatalogue.redirect }] });
  expect(await known.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
  expect(atOtherHost()).toHaveLength(others + 1);
  expect(atOtherHost().at(-1)?.bearer).toBeNull();
});

test('a look-up that is redirected hands its token to nobody', async () => {
  const to = new URL(stranger.url);
  const before = stranger.received.length;
  const announced = await announce(rig, tenant, {
    faults: [{ fault: { at: 'look_up', is: 'redirect', to } }],
    says: { url: 'missing' },
  });
  expect(await announced.try(1)).toMatchObject({ reason: 'look_up_302' });
  rig.clock.advance(second);
  await announced.delivered();
  expect(stranger.received).toHaveLength(before);
});

test("a channel shows its own token only, and another's media is not to be had with it", async () => {
  const other = await rig.tenant();
  const kept = await rig.sandbox.keep(other.phoneNumberId, { bytes: claimForm() }, { type: 'text/plain' });
  const { compose } = rig.sandbox;
  const message = compose.message(compose.media(kept));
  await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
  const asked = await rig.sandbox.nextRequest(
    ({ mediaId, status, path }) => mediaId === kept.id && status === 400 && path.includes(kept.id),
  );
  expect(asked.bearer).toBe(tenant.accessToken);
  const line = await rig.log.next(({ msg, reason }) => msg === 'capture' && reason === 'carrier_100_33');
  expect(line).toMatchObject({ outcome: 'retry', channel: tenant.channelId });
});

test('a redirect to an address that is not public ends the try, harms no channel, and nobody there is asked', async () => {
  const narrow = await startRig({ MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '127.0.0.1/32' });
  try {
    const own = await narrow.tenant();
    const before = stranger.received.length;
    const announced = await announce(narrow, own, {
      faults: [{ fault: { at: 'link', is: 'redirect', to: new URL(stranger.url) }, times: 3 }],
    });
    for (let nth = 1; nth <= 3; nth++) {
      expect(await announced.try(nth)).toMatchObject({ outcome: 'retry', reason: 'redirect_refused', level: 'error' });
      narrow.clock.advance(nth * 2 * second);
    }
    expect(await announced.delivered()).toMatchObject({ state: 'stored', integrity: 'verified' });
    const channel = await narrow.call('GET', `/api/v1/channels/${own.channelId}`);
    expect(channel.body).toMatchObject({ state: 'active' });
    expect(stranger.received).toHaveLength(before);
  } finally {
    await narrow.close();
  }
});

const atOtherHost = () => rig.sandbox.requests.filter(({ listener }) => listener === 'other_host');

test('in all of this no token, key or secret went to another host, into a query or into the log', () => {
  expectNothingLeaked(rig, tenant);
  expect(stranger.received).not.toHaveLength(0);
  for (const { path, headers } of stranger.received) {
    for (const secret of [tenant.accessToken, tenant.key, tenant.secret, adminKey, rig.connection.appSecret]) {
      expect(JSON.stringify([path, headers])).not.toContain(secret);
    }
  }
});
