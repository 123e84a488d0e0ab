// Endpoints: which of them hear what, how they are paused and resumed, their secrets and headers, and addresses that
// nobody may be sent to.

import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Received, type Receiver, type Reply, startReceiver } from '../../src/sandbox/receiver.ts';
import {
  about,
  attempted,
  type Body,
  bytesOf,
  eventOf,
  newestDelivery,
  type Rig,
  say,
  startRig,
  type Tenant,
} from './rig.ts';

const second = 1000;
const hour = 3_600_000;

let rig: Rig;
const receivers: Receiver[] = [];
beforeAll(async () => {
  rig = await startRig();
  rig.clock.hold();
});
afterAll(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await rig.close();
});

/** A further endpoint of a tenant's app. */
async function furtherEndpoint(tenant: Tenant, more: object = {}): Promise<{ id: string; receiver: Receiver }> {
  const secret = `whsec_${Buffer.alloc(32, 99).toString('base64')}`;
  const receiver = await startReceiver({ clock: rig.clock, secret });
  receivers.push(receiver);
  const given = { url: receiver.url, secret, ...more };
  const made = await rig.call('POST', `/api/v1/apps/${tenant.appId}/endpoints`, given, tenant.key);
  expect(made.status).toBe(201);
  return { id: made.body.id, receiver };
}

const change = (tenant: Tenant, set: object) =>
  rig.call('PATCH', `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`, set, tenant.key);

const read = async (tenant: Tenant, id: string): Promise<Body> =>
  (await rig.call('GET', `/api/v1/deliveries/${id}`, undefined, tenant.key)).body;

const ofType = (type: string) => (received: Received) => eventOf(received).type === type;

test('two endpoints of an app both hear a message, under the same webhook-id and each with its own signature', async () => {
  const tenant = await rig.tenant();
  const other = await furtherEndpoint(tenant);
  const id = await say(rig, tenant);
  const [one, two] = await Promise.all([tenant.receiver.next(about(id)), other.receiver.next(about(id))]);
  expect([one.verified, two.verified]).toEqual([true, true]);
  expect(two.headers['webhook-id']).toBe(one.headers['webhook-id']);
  expect(two.headers['webhook-signature']).not.toBe(one.headers['webhook-signature']);
});

test('an endpoint hears the types of event that it asked for, and no other', async () => {
  const tenant = await rig.tenant();
  const other = await furtherEndpoint(tenant, { events: ['media.deleted'] });
  const [sent] = await rig.send(tenant, [{ bytes: bytesOf('to be deleted'), type: 'text/plain' }]);
  const [media] = eventOf(await tenant.receiver.next(about(sent?.messageId ?? ''))).data.message.media;
  await rig.call('DELETE', `/api/v1/media/${media.id}`, undefined, tenant.key);
  const heard = await other.receiver.next(() => true);
  expect(eventOf(heard)).toMatchObject({ type: 'media.deleted', data: { media: { id: media.id, state: 'deleted' } } });
  await tenant.receiver.next(ofType('media.deleted'));
  expect(other.receiver.received).toHaveLength(1);
});

test('a receiver that answers 410 pauses its endpoint, the other endpoint hears of it, and once it is resumed everything that waited arrives', async () => {
  const tenant = await rig.tenant();
  const other = await furtherEndpoint(tenant);
  tenant.receiver.answer(410);
  const ids = [await say(rig, tenant, 'one')];
  const first = await newestDelivery(rig, tenant);
  const paused = eventOf(await other.receiver.next(ofType('endpoint.paused')));
  expect(paused.data.endpoint).toMatchObject({ id: tenant.endpointId, state: 'paused', reason: 'receiver_gone' });
  expect(await read(tenant, first.id)).toMatchObject({ state: 'paused', reason: 'receiver_gone', attempts: 1 });

  ids.push(await say(rig, tenant, 'two'));
  ids.push(await say(rig, tenant, 'three'));
  for (const id of ids) await other.receiver.next(about(id));
  expect(await newestDelivery(rig, tenant)).toMatchObject({ state: 'paused', attempts: 0, due_at: null });
  // However long it takes.
  rig.clock.advance(30 * 24 * hour);
  await rig.gateway.sweep();
  expect(tenant.receiver.received).toHaveLength(1);

  tenant.receiver.answer(200);
  expect((await change(tenant, { state: 'active' })).body).toMatchObject({ state: 'active', reason: null });
  const { receiver } = tenant;
  await receiver.next(() => receiver.received.length === 4);
  expect(
    new Set(receiver.received.slice(1).map((received) => eventOf(received).data.message.carrier_message_id)),
  ).toEqual(new Set(ids));
  expect(
    receiver.received.find(({ number, headers }) => number > 1 && headers['webhook-id'] === first.event_id),
  ).toBeDefined();
  expect(receiver.received.some(ofType('endpoint.paused'))).toBe(false);
});

test('an operator pauses and resumes an endpoint in the same way, and a delivery that is under way is not lost', async () => {
  const tenant = await rig.tenant();
  const answer = Promise.withResolvers<Reply>();
  tenant.receiver.answer(() => answer.promise);
  const id = await say(rig, tenant);
  const { id: deliveryId } = await newestDelivery(rig, tenant);
  await tenant.receiver.next(about(id));
  expect((await change(tenant, { state: 'paused' })).body).toMatchObject({ state: 'paused', reason: 'operator' });
  answer.resolve(500);
  await attempted(rig, deliveryId, 1);
  expect(await read(tenant, deliveryId)).toMatchObject({ state: 'paused', attempts: 1 });
  tenant.receiver.answer(200);
  await change(tenant, { state: 'active' });
  await attempted(rig, deliveryId, 2);
  expect(await read(tenant, deliveryId)).toMatchObject({ state: 'delivered', attempts: 2 });
});

test('while a secret is being replaced both sign, afterwards only the new one', async () => {
  const tenant = await rig.tenant();
  const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}/rotate-secret`;
  const rotated = await rig.call('POST', path, { overlap_seconds: 3600 }, tenant.key);
  expect(rotated.status).toBe(200);
  const signers = { old: new Webhook(tenant.secret), new: new Webhook(rotated.body.secret) };
  const signedBy = ({ headers, body }: Received) => {
    const at = new Date(Number(headers['webhook-timestamp']) * second);
    const given = headers['webhook-signature']?.split(' ');
    return Object.entries(signers).flatMap(([name, signer]) =>
      given?.includes(signer.sign(headers['webhook-id'] ?? '', at, Buffer.from(body))) ? [name] : [],
    );
  };
  expect(signedBy(await tenant.receiver.next(about(await say(rig, tenant))))).toEqual(['old', 'new']);
  rig.clock.advance(hour);
  const later = await tenant.receiver.next(about(await say(rig, tenant)));
  expect(signedBy(later)).toEqual(['new']);
  expect(later.headers['webhook-signature']?.split(' ')).toHaveLength(1);
});

test('static headers arrive with every request, and can be changed without touching the secret', async () => {
  const tenant = await rig.tenant();
  await change(tenant, { headers: { authorization: 'Bearer of-the-application', 'X-Tenant': '7' } });
  const before = await tenant.receiver.next(about(await say(rig, tenant)));
  expect(before.headers).toMatchObject({ authorization: 'Bearer of-the-application', 'x-tenant': '7' });
  await change(tenant, { headers: null });
  const after = await tenant.receiver.next(about(await say(rig, tenant)));
  expect(after.headers).not.toHaveProperty('x-tenant');
  expect([before.verified, after.verified]).toEqual([true, true]);
  const refused = await change(tenant, { headers: { 'webhook-id': 'mine' } });
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'body.headers.webhook-id' }] } });
});

test('the deliveries of a deleted endpoint end with it, and the other endpoint still hears', async () => {
  const tenant = await rig.tenant();
  const other = await furtherEndpoint(tenant);
  tenant.receiver.answer(500);
  await say(rig, tenant);
  const { id } = await newestDelivery(rig, tenant);
  await attempted(rig, id, 1);
  const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
  expect((await rig.call('DELETE', path, undefined, tenant.key)).status).toBe(204);
  expect(await read(tenant, id)).toMatchObject({ state: 'dead', reason: 'endpoint_deleted', due_at: null });
  expect((await rig.call('POST', `/api/v1/deliveries/${id}/replay`, undefined, tenant.key)).status).toBe(409);
  rig.clock.advance(10 * second);
  await other.receiver.next(about(await say(rig, tenant)));
  expect(tenant.receiver.received).toHaveLength(1);
});

test('a receiver that hangs with every place it has does not delay the delivery to another app', async () => {
  const [slow, quick] = [await rig.tenant(), await rig.tenant()];
  const hanging = Promise.withResolvers<Reply>();
  slow.receiver.answer(() => hanging.promise);
  for (let n = 0; n < 20; n++) await say(rig, slow);
  await slow.receiver.next(() => slow.receiver.received.length === 8);
  await say(rig, quick);
  const { id } = await newestDelivery(rig, quick);
  await attempted(rig, id, 1);
  const finished = rig.log.lines.filter(({ msg, endpoint }) => msg === 'delivery' && endpoint === slow.endpointId);
  expect(finished).toEqual([]);
  hanging.resolve(200);
  await slow.receiver.next(() => slow.receiver.received.length === 20);
});

describe('an address that is not public', () => {
  test.each([
    'http://10.1.2.3/hook',
    'https://192.168.0.1/hook',
    'https://[::1]/hook',
    'https://0x0a010203/hook',
    'http://8.8.8.8/hook',
    'ftp://127.0.0.1/hook',
    'no url at all',
  ])('%s is refused at creation and at a change, with the field named', async (url) => {
    const tenant = await rig.tenant();
    const created = await rig.call('POST', `/api/v1/apps/${tenant.appId}/endpoints`, { url }, tenant.key);
    const changed = await change(tenant, { url });
    for (const answer of [created, changed]) {
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ field: 'body.url' }] } });
    }
  });

  test('and to which a name leads only later, fails as a fault of the receiver, and nothing is sent', async () => {
    // Names may be requested over http because some network is allowed, but not the one that this name leads to.
    const strict = await startRig({ MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '10.0.0.0/8' });
    try {
      const number = { phoneNumberId: '106540352242999', display: '15550783999', accessToken: 'EAAG-strict' };
      strict.sandbox.addNumber({ ...number, appSecret: strict.connection.appSecret });
      const app = (await strict.call('POST', '/api/v1/apps', { name: 'Strict' })).body;
      await strict.call('POST', '/api/v1/channels', {
        app_id: app.id,
        connection_id: strict.connection.id,
        address: number.phoneNumberId,
        access_token: number.accessToken,
      });
      const receiver = await startReceiver({ clock: strict.clock });
      receivers.push(receiver);
      const url = receiver.url.replace('127.0.0.1', 'localhost');
      const made = await strict.call('POST', `/api/v1/apps/${app.id}/endpoints`, { url });
      expect(made.status).toBe(201);
      const { compose } = strict.sandbox;
      const message = compose.message(compose.contents.text('to whom?'));
      await strict.post(compose.body([compose.received(number.phoneNumberId, [message])]));
      const [delivery] = (await strict.call('GET', '/api/v1/deliveries')).body.data;
      await attempted(strict, delivery.id, 1);
      expect((await strict.call('GET', `/api/v1/deliveries/${delivery.id}/attempts`)).body.data).toMatchObject([
        { status: null, fault: 'receiver', error: expect.stringContaining('not allowed') },
      ]);
      expect(receiver.received).toEqual([]);
    } finally {
      await strict.close();
    }
  });
});
