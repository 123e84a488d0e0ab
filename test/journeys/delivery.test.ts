// What becomes of a delivery whose receiver fails: how it is tried again, for how long, and what can be read and done about it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Reply } from '../../src/sandbox/receiver.ts';
import {
  about,
  attempted,
  type Body,
  bytesOf,
  eventOf,
  messageOf,
  newestDelivery,
  type Rig,
  say,
  sha256Of,
  startRig,
  type Tenant,
} from './rig.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  rig.clock.hold();
});
afterAll(() => rig.close());

const read = async (tenant: Tenant, id: string): Promise<Body> =>
  (await rig.call('GET', `/api/v1/deliveries/${id}`, undefined, tenant.key)).body;

const attemptsOf = async (tenant: Tenant, id: string): Promise<Body[]> =>
  (await rig.call('GET', `/api/v1/deliveries/${id}/attempts`, undefined, tenant.key)).body.data;

/** The next attempt is due so long after the last. */
function expectWait(delivery: Body, attempt: Body, wait: number): void {
  expect(Date.parse(delivery.due_at) - Date.parse(attempt.at)).toBe(wait);
}

const change = (tenant: Tenant, set: object) =>
  rig.call('PATCH', `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`, set, tenant.key);

const failures: { what: string; reply: Reply; attempt: Body; tellsReason: string | RegExp }[] = [
  {
    what: 'answers 500',
    reply: { status: 500, body: 'oops' },
    attempt: { status: 500, reply: 'oops' },
    tellsReason: 'HTTP 500',
  },
  { what: 'answers 404', reply: 404, attempt: { status: 404, reply: '' }, tellsReason: 'HTTP 404' },
  {
    what: 'redirects to another address',
    reply: { status: 302, headers: { location: '/elsewhere' } },
    attempt: { status: 302, error: expect.stringContaining('redirects are not followed') },
    tellsReason: 'HTTP 302',
  },
  {
    what: 'tears the connection down',
    reply: 'reset',
    attempt: { status: null, reply: null, error: expect.stringMatching(/./) },
    tellsReason: /./,
  },
];

test.each(failures)(
  'a receiver that $what is tried again five seconds later',
  async ({ reply, attempt, tellsReason }) => {
    const tenant = await rig.tenant();
    const { receiver } = tenant;
    receiver.answer(reply);
    const id = await say(rig, tenant);
    const { id: deliveryId } = await newestDelivery(rig, tenant);
    await attempted(rig, deliveryId, 1);
    const [first] = await attemptsOf(tenant, deliveryId);
    const got = receiver.received[0]!;
    expect(first).toMatchObject({
      number: 1,
      fault: 'receiver',
      body_length: got.body.length,
      body_sha256: await sha256Of(new Uint8Array(got.body).buffer),
      ...attempt,
    });
    const waiting = await read(tenant, deliveryId);
    expect(waiting).toMatchObject({ state: 'pending', attempts: 1, reason: expect.stringMatching(tellsReason) });
    expectWait(waiting, first, 5 * second);
    expect(receiver.received).toHaveLength(1);

    receiver.answer(204);
    rig.clock.advance(5 * second);
    await attempted(rig, deliveryId, 2);
    expect(await read(tenant, deliveryId)).toMatchObject({
      state: 'delivered',
      attempts: 2,
      reason: null,
      due_at: null,
    });
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([eventOf(got).id, eventOf(got).id]);
    expect(receiver.received.every(({ verified }) => verified)).toBe(true);
    expect(messageOf(receiver.received[1]!).carrier_message_id).toBe(id);
  },
);

test('a receiver that is not there is tried again, and hears everything once it is back', async () => {
  const tenant = await rig.tenant();
  // A port that nobody takes who only asks for a free one.
  expect((await change(tenant, { url: 'http://127.0.0.1:1/' })).status).toBe(200);
  const id = await say(rig, tenant);
  const { id: deliveryId } = await newestDelivery(rig, tenant);
  await attempted(rig, deliveryId, 1);
  const [first] = await attemptsOf(tenant, deliveryId);
  expect(first).toMatchObject({
    status: null,
    fault: 'receiver',
    error: expect.stringMatching(/refused/i),
    reply: null,
  });
  await change(tenant, { url: tenant.receiver.url });
  rig.clock.advance(5 * second);
  await tenant.receiver.next(about(id));
});

test('a receiver that does not answer in time is tried again, and what it answers too late counts for nothing', async () => {
  const hasty = await startRig({ MEDIADOCK_DELIVERY_TIMEOUT_SECONDS: '1' });
  try {
    hasty.clock.hold();
    const tenant = await hasty.tenant();
    const late = Promise.withResolvers<Reply>();
    tenant.receiver.answer(({ number }) => (number === 1 ? late.promise : 200));
    await say(hasty, tenant);
    const { id } = await newestDelivery(hasty, tenant);
    const path = `/api/v1/deliveries/${id}`;
    await attempted(hasty, id, 1);
    late.resolve(200);
    expect((await hasty.call('GET', `${path}/attempts`)).body.data).toMatchObject([
      { status: null, fault: 'receiver', error: 'timed out after 1 s', reply: null },
    ]);
    expect((await hasty.call('GET', path)).body).toMatchObject({ state: 'pending', attempts: 1 });
    // This machine, too, may take longer than the second.
    let attempts = 1;
    do hasty.clock.advance(12 * hour);
    while ((await attempted(hasty, id, ++attempts))['outcome'] !== 'delivered');
    expect((await hasty.call('GET', path)).body).toMatchObject({ state: 'delivered', attempts });
  } finally {
    await hasty.close();
  }
});

test('a delivery that is under way when the clock leaps is not made a second time', async () => {
  const tenant = await rig.tenant();
  const answer = Promise.withResolvers<Reply>();
  tenant.receiver.answer(({ number }) => (number === 1 ? answer.promise : 200));
  const first = await say(rig, tenant);
  const { id } = await newestDelivery(rig, tenant);
  await tenant.receiver.next(about(first));
  // A machine that slept for an hour: no lease outlasts that.
  rig.clock.advance(hour);
  const next = await say(rig, tenant);
  await attempted(rig, (await newestDelivery(rig, tenant)).id, 1);
  answer.resolve(200);
  await attempted(rig, id, 1);
  expect(await read(tenant, id)).toMatchObject({ state: 'delivered', attempts: 1 });
  expect(tenant.receiver.received.map((received) => messageOf(received).carrier_message_id)).toEqual([first, next]);
});

test('each attempt brings a link of its own, which works when that of the first has long died', async () => {
  const tenant = await rig.tenant();
  tenant.receiver.answer(500);
  const [sent] = await rig.send(tenant, [{ bytes: bytesOf('a fresh link each time'), type: 'text/plain' }]);
  await tenant.receiver.next(about(sent?.messageId ?? ''));
  const { id } = await newestDelivery(rig, tenant);
  for (const [attempt, wait] of [5 * second, 5 * minute, 30 * minute, 2 * hour].entries()) {
    await attempted(rig, id, attempt + 1);
    if (attempt === 3) tenant.receiver.answer(200);
    rig.clock.advance(wait);
  }
  await attempted(rig, id, 5);
  const urls = tenant.receiver.received.map((received) => messageOf(received).media[0].url);
  expect(new Set(urls).size).toBe(5);
  expect((await fetch(urls[0])).status).toBe(403);
  expect(await (await fetch(urls[4])).text()).toBe('a fresh link each time');
});

test('a receiver that stays down is tried by the schedule for seven days; then its deliveries are dead and can be replayed, one or all', async () => {
  const tenant = await rig.tenant();
  tenant.receiver.answer(500);
  const began = rig.clock.now();
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    await say(rig, tenant, `letter ${n}`);
    ids.push((await newestDelivery(rig, tenant)).id);
  }
  const schedule = [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour];
  const waits = [...schedule, ...Array.from({ length: 11 }, () => 12 * hour)];
  for (const [failures, wait] of waits.entries()) {
    for (const id of ids) {
      await attempted(rig, id, failures + 1);
      const attempt = (await attemptsOf(tenant, id)).at(-1);
      expectWait(await read(tenant, id), attempt, wait);
    }
    rig.clock.advance(wait);
  }
  for (const id of ids) {
    await attempted(rig, id, waits.length + 1);
    expect(await read(tenant, id)).toMatchObject({ state: 'dead', reason: 'HTTP 500', attempts: 19, due_at: null });
  }
  const lasted = rig.clock.now() - began;
  expect(lasted).toBeGreaterThan(6.5 * day);
  expect(lasted).toBeLessThan(7 * day);
  expect(new Set(tenant.receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(3);

  tenant.receiver.answer(200);
  const [first, ...others] = ids;
  const one = await rig.call('POST', `/api/v1/deliveries/${first}/replay`, undefined, tenant.key);
  expect(one).toMatchObject({ status: 202, body: { id: first, state: 'pending' } });
  await attempted(rig, first ?? '', 20);
  expect(await read(tenant, first ?? '')).toMatchObject({ state: 'delivered', attempts: 20 });
  expect((await rig.call('POST', `/api/v1/deliveries/${first}/replay`, undefined, tenant.key)).status).toBe(409);

  const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}/replay-dead`;
  expect(await rig.call('POST', path, undefined, tenant.key)).toMatchObject({ status: 202, body: { replayed: 2 } });
  for (const id of others) {
    await attempted(rig, id, 20);
    expect(await read(tenant, id)).toMatchObject({ state: 'delivered', reason: null });
  }
  expect(await rig.call('POST', path, undefined, tenant.key)).toMatchObject({ status: 202, body: { replayed: 0 } });
});

test('a replayed delivery that fails again has a schedule of its own', async () => {
  const tenant = await rig.tenant();
  tenant.receiver.answer(500);
  await say(rig, tenant);
  const { id } = await newestDelivery(rig, tenant);
  for (let failures = 1; (await attempted(rig, id, failures))['outcome'] !== 'dead'; failures++) {
    rig.clock.advance(12 * hour);
  }
  await rig.call('POST', `/api/v1/deliveries/${id}/replay`, undefined, tenant.key);
  const before = (await attemptsOf(tenant, id)).length;
  await attempted(rig, id, before + 1);
  const attempt = (await attemptsOf(tenant, id)).at(-1);
  expectWait(await read(tenant, id), attempt, 5 * second);
});

test.each([
  { asked: 3600, waits: hour },
  { asked: 172_800, waits: day },
])('a receiver that asks for $asked seconds is left alone so long, at most a day', async ({ asked, waits }) => {
  const tenant = await rig.tenant();
  tenant.receiver.answer({ status: 503, headers: { 'retry-after': String(asked) } });
  await say(rig, tenant);
  const { id } = await newestDelivery(rig, tenant);
  await attempted(rig, id, 1);
  const [first] = await attemptsOf(tenant, id);
  expectWait(await read(tenant, id), first, waits);

  // Ten minutes later something else is delivered to it, and the first still waits.
  rig.clock.advance(10 * minute);
  tenant.receiver.answer(200);
  await say(rig, tenant);
  await attempted(rig, (await newestDelivery(rig, tenant)).id, 1);
  expect(await read(tenant, id)).toMatchObject({ state: 'pending', attempts: 1 });
  rig.clock.advance(waits - 10 * minute);
  await attempted(rig, id, 2);
  expect(await read(tenant, id)).toMatchObject({ state: 'delivered', attempts: 2 });
});
