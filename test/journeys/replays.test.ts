// Reading the journal again, telling an endpoint again, and trying one out.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import { checkEvent } from '../http/checked-answer.ts';
import {
  about,
  type Body,
  bytesOf,
  eventOf,
  messageOf,
  newestDelivery,
  type Rig,
  say,
  startRig,
  type Tenant,
} from './rig.ts';

const minute = 60_000;

let rig: Rig;
const receivers: Receiver[] = [];
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await rig.close();
});

/** A number at the carrier that no channel of ours has yet. */
function stranger(number: number) {
  const phoneNumberId = String(777_000_000_000_000 + number);
  const display = String(15_559_000_000 + number);
  rig.sandbox.addNumber({ phoneNumberId, display, accessToken: 'EAAG-late', appSecret: rig.connection.appSecret });
  return { phoneNumberId, display };
}

const addChannel = async (tenant: Tenant, address: string) => {
  const given = { app_id: tenant.appId, connection_id: rig.connection.id, address, access_token: 'EAAG-late' };
  expect((await rig.call('POST', '/api/v1/channels', given)).status).toBe(201);
};

const openEntries = async (): Promise<Body[]> => (await rig.call('GET', '/api/v1/journal?only=unrouted')).body.data;

const replayTo = async (tenant: Tenant, endpoint: string, order: object): Promise<number> => {
  let queued = 0;
  let cursor: string | null = null;
  do {
    const path = `/api/v1/apps/${tenant.appId}/endpoints/${endpoint}/replay`;
    const step = await rig.call('POST', path, { ...order, cursor }, tenant.key);
    expect(step.status).toBe(202);
    queued += step.body.queued;
    cursor = step.body.next;
  } while (cursor !== null);
  return queued;
};

const span = (from: number) => ({
  from: new Date(from).toISOString(),
  to: new Date(rig.clock.now() + minute).toISOString(),
});

test('a message for a number that nobody had is delivered whole once its channel is there and it is read again', async () => {
  const tenant = await rig.tenant();
  const { phoneNumberId } = stranger(1);
  const [sent] = await rig.sandbox.send({
    url: rig.connection.intakeUrl,
    phoneNumberId,
    files: [{ bytes: bytesOf('a contract of the first hour'), type: 'text/plain' }],
  });
  const [entry] = await openEntries();
  expect(entry).toMatchObject({ messages: 0, unrouted: 1 });
  await addChannel(tenant, phoneNumberId);

  const replayed = await rig.call('POST', `/api/v1/journal/${entry.id}/replay`, {});
  expect(replayed.body).toEqual({ created: 1, duplicates: 0, media_added: 0, unrouted: 0, unparsed: 0 });
  const message = messageOf(await tenant.receiver.next(about(sent?.messageId ?? '')));
  expect(message.media[0]).toMatchObject({ state: 'stored', size: 28 });
  expect(message.received_at).toBe(entry.received_at);
  expect((await rig.call('GET', `/api/v1/journal/${entry.id}`)).body).toMatchObject({ messages: 1, unrouted: 0 });

  const again = await rig.call('POST', `/api/v1/journal/${entry.id}/replay`, {});
  expect(again.body).toMatchObject({ created: 0, duplicates: 1 });
  const byCarrier = `/api/v1/messages?carrier_message_id=${encodeURIComponent(sent?.messageId ?? '')}`;
  expect((await rig.call('GET', byCarrier, undefined, tenant.key)).body.data).toHaveLength(1);
});

test('all that is open is read again in one go, and what nobody claims stays open', async () => {
  const tenant = await rig.tenant();
  const [known, unknown] = [stranger(2), stranger(3)];
  const { compose } = rig.sandbox;
  const texts = Array.from({ length: 45 }, (_, n) => compose.message(compose.contents.text(`wait ${n}`)));
  for (const text of texts) await rig.post(compose.body([compose.received(known.phoneNumberId, [text])]));
  await rig.post(
    compose.body([compose.received(unknown.phoneNumberId, [compose.message(compose.contents.text('x'))])]),
  );
  await addChannel(tenant, known.phoneNumberId);

  const { body } = await rig.call('POST', '/api/v1/journal/replay', { only: 'unrouted' });
  expect(body).toEqual({ replayed: 46, solved: 45, failed: 0, next: null });
  for (const text of texts) await tenant.receiver.next(about(text.id));
  expect(await openEntries()).toHaveLength(1);
  expect((await rig.call('POST', '/api/v1/journal/req_nothing/replay', {})).status).toBe(404);
});

test('an endpoint that was added later hears what it missed, once', async () => {
  const tenant = await rig.tenant();
  const began = rig.clock.now() - minute;
  const ids = [await say(rig, tenant, 'one'), await say(rig, tenant, 'two')];
  for (const id of ids) await tenant.receiver.next(about(id));
  const secret = `whsec_${Buffer.alloc(32, 98).toString('base64')}`;
  const late = await startReceiver({ clock: rig.clock, secret });
  receivers.push(late);
  const made = await rig.call('POST', `/api/v1/apps/${tenant.appId}/endpoints`, { url: late.url, secret }, tenant.key);

  expect(await replayTo(tenant, made.body.id, { scope: 'dead', ...span(began) })).toBe(0);
  expect(await replayTo(tenant, made.body.id, { scope: 'missing', ...span(began) })).toBe(2);
  for (const id of ids) expect((await late.next(about(id))).verified).toBe(true);
  expect(await replayTo(tenant, made.body.id, { scope: 'missing', ...span(began) })).toBe(0);
  expect(late.received).toHaveLength(2);
});

test('what was delivered is delivered again when all is asked for, with the id it had', async () => {
  const tenant = await rig.tenant();
  const began = rig.clock.now() - minute;
  const id = await say(rig, tenant, 'again');
  const first = await tenant.receiver.next(about(id));
  const delivery = await newestDelivery(rig, tenant);
  await expect
    .poll(async () => (await rig.call('GET', `/api/v1/deliveries/${delivery.id}`)).body.state)
    .toBe('delivered');
  expect(await replayTo(tenant, tenant.endpointId, { scope: 'all', ...span(began) })).toBe(1);
  const second = await tenant.receiver.next((received) => received.number === 2 && about(id)(received));
  expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
  const attempts = await rig.call('GET', `/api/v1/deliveries/${delivery.id}/attempts`, undefined, tenant.key);
  expect(attempts.body.data.length).toBeGreaterThanOrEqual(1);
});

test('a test delivery is signed like every other, tells what came of it, and is recorded nowhere', async () => {
  const tenant = await rig.tenant();
  const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
  tenant.receiver.answer({ status: 202, body: 'thank you' });
  const tried = await rig.call('POST', `${path}/test`, undefined, tenant.key);
  expect(tried.body).toMatchObject({ status: 202, fault: 'none', error: null, reply: 'thank you' });
  const heard = await tenant.receiver.next(() => true);
  expect([heard.verified, Buffer.from(heard.body).toString()]).toEqual([true, tried.body.body]);
  checkEvent(heard.json);
  const [media] = eventOf(heard).data.message.media;
  expect((await fetch(media.url)).status).toBe(410);
  expect((await rig.call('GET', '/api/v1/deliveries', undefined, tenant.key)).body.data).toEqual([]);
  expect((await rig.call('GET', '/api/v1/events', undefined, tenant.key)).body.data).toEqual([]);

  tenant.receiver.answer(500);
  const failed = await rig.call('POST', `${path}/test`, undefined, tenant.key);
  expect(failed.body).toMatchObject({ status: 500, fault: 'receiver', error: 'answered 500' });
});

test('an endpoint is paused and resumed by a call of its own, and a paused one can be tried out', async () => {
  const tenant = await rig.tenant();
  const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
  const turn = (verb: string) => rig.call('POST', `${path}/${verb}`, undefined, tenant.key);
  expect((await turn('pause')).body).toMatchObject({ state: 'paused', reason: 'operator' });
  const id = await say(rig, tenant);
  expect((await turn('test')).body).toMatchObject({ status: 200 });
  expect((await newestDelivery(rig, tenant)).state).toBe('paused');
  expect((await turn('resume')).body).toMatchObject({ state: 'active', reason: null });
  await tenant.receiver.next(about(id));
});

test('the plan tells which files go when and by whose setting, the soonest first', async () => {
  const tenant = await rig.tenant({ media_retention_seconds: 3600 });
  await rig.send(tenant, [{ bytes: bytesOf('first to go'), type: 'text/plain' }]);
  await tenant.receiver.next(() => true);
  const plan = await rig.call('GET', '/api/v1/retention/plan', undefined, tenant.key);
  expect(plan.body.data).toMatchObject([{ rule: 'app', media: { state: 'stored', size: 11 } }]);
  const early = new Date(rig.clock.now() + minute).toISOString();
  expect((await rig.call('GET', `/api/v1/retention/plan?until=${early}`, undefined, tenant.key)).body.data).toEqual([]);
  expect((await rig.call('GET', '/api/v1/retention/plan?until=soon')).body.errors).toMatchObject([
    { field: 'query.until' },
  ]);
});
