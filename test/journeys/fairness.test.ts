// One app's backlog is its own: another app is served in its turn, however much waits and whatever hangs. These are claims
// about order and counts; `npm run torture -- fairness` measures times.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Content } from '../../src/sandbox/compose/contents.ts';
import { about, bytesOf, messageOf, type Rig, startRig, type Tenant } from './rig.ts';

const backlog = 2000;
const perWebhook = 50;
/** Places of one channel, and of one endpoint. */
const perLane = 8;
/** Of the crowd's deliveries, the most that may pass while one message of the other app is captured and delivered. */
const mostOvertaking = 200;

let rig: Rig;
beforeAll(async () => {
  // Whatever hangs, hangs until the test ends.
  rig = await startRig({ MEDIADOCK_STALL_SECONDS: '3600', MEDIADOCK_DELIVERY_TIMEOUT_SECONDS: '300' });
});
afterAll(() => rig.close());

/** A tenant to whom so many messages of one content are sent, once it is prepared for them. */
async function crowded(prepare: (tenant: Tenant) => Promise<Content>): Promise<Tenant> {
  const tenant = await rig.tenant();
  const { compose } = rig.sandbox;
  const content = await prepare(tenant);
  for (let sent = 0; sent < backlog; sent += perWebhook) {
    const messages = Array.from({ length: perWebhook }, () => compose.message(content));
    const posted = await rig.post(compose.body([compose.received(tenant.phoneNumberId, messages)]));
    expect(posted.status).toBe(200);
  }
  return tenant;
}

/** A photo is sent to another app, which has it when this resolves. */
async function serveAnother(): Promise<void> {
  const tenant = await rig.tenant();
  const [sent] = await rig.send(tenant, [{ bytes: bytesOf('a photo'), type: 'text/plain' }]);
  const delivered = await tenant.receiver.next(about(sent?.messageId ?? ''));
  expect(messageOf(delivered).media).toMatchObject([{ state: 'stored' }]);
}

const backlogNow = async () => await rig.gateway.records.backlog({ now: rig.clock.now() });

test(`an endpoint that hangs, with ${backlog} deliveries before it, holds its own places and nobody else's`, async () => {
  const tenant = await crowded(async ({ receiver }) => {
    receiver.answer(() => new Promise(() => {}));
    return rig.sandbox.compose.contents.text('one of many');
  });
  await tenant.receiver.next(() => true);
  await serveAnother();
  expect(tenant.receiver.received.length).toBeLessThanOrEqual(perLane);
  const { deliveries } = await backlogNow();
  expect(deliveries.ready + deliveries.running).toBeGreaterThanOrEqual(backlog);
  await rig.call('DELETE', `/api/v1/apps/${tenant.appId}`);
});

test(`a carrier that stalls, with ${backlog} captures before it, holds its own places and nobody else's`, async () => {
  let stalled = '';
  const tenant = await crowded(async ({ phoneNumberId }) => {
    const media = await rig.sandbox.keep(phoneNumberId, { bytes: bytesOf('stalls') }, { type: 'text/plain' });
    rig.sandbox.fault(media.id, { at: 'link', is: 'stall', when: 'mid_body' });
    stalled = media.id;
    return rig.sandbox.compose.media(media);
  });
  await rig.sandbox.held(stalled);
  await serveAnother();
  const downloads = rig.sandbox.requests.filter(({ query }) => query.includes(`mid=${stalled}`));
  expect(downloads.length).toBeLessThanOrEqual(perLane);
  expect((await backlogNow()).captures).toMatchObject({ ready: backlog - perLane, running: perLane });
  await rig.call('DELETE', `/api/v1/channels/${tenant.channelId}`);
});

test(`a message is captured and delivered long before ${backlog} deliveries that were waiting when it came`, async () => {
  const path = (tenant: Tenant) => `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
  const tenant = await crowded(async (made) => {
    await rig.call('PATCH', path(made), { state: 'paused' });
    return rig.sandbox.compose.contents.text('one of many');
  });
  expect(tenant.receiver.received).toHaveLength(0);
  expect((await rig.call('PATCH', path(tenant), { state: 'active' })).status).toBe(200);
  await tenant.receiver.next(({ number }) => number === 100);
  const before = tenant.receiver.received.length;
  await serveAnother();
  expect(tenant.receiver.received.length - before).toBeLessThanOrEqual(mostOvertaking);
  // Nor is the crowd forgotten.
  for (let nth = 100; nth <= backlog; nth += 100) await tenant.receiver.next(({ number }) => number === nth);
}, 120_000);
