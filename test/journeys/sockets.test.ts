// What becomes of messages whose application connects to hear them: when it is not there, when it freezes, when it is sent away.

import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { watchedList } from '../../src/sandbox/watched-list.ts';
import { attempted, type Body, newestDelivery, type Rig, say, startRig, type Tenant } from './rig.ts';

const second = 1000;
const hour = 3600 * second;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

type Client = {
  socket: WebSocket;
  frames: readonly Body[];
  next(fits: (frame: Body) => boolean): Promise<Body>;
  closed: Promise<number>;
};

/** Connects with a tenant's key and is welcomed. */
async function connect(
  { key }: { key: string },
  { autoPong = true, ...query }: { autoPong?: boolean; conversationId?: string } = {},
): Promise<Client> {
  const address = `${rig.gateway.url.replace('http', 'ws')}/ws?${new URLSearchParams({ apiKey: key, ...query })}`;
  const socket = new WebSocket(address, { autoPong });
  const frames = watchedList<Body>(1000);
  socket.on('message', (data) => frames.add(JSON.parse(String(data))));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await frames.next(({ type }) => type === 'connected');
  return { socket, frames: frames.items, next: frames.next, closed };
}

const leave = async ({ socket, closed }: Client): Promise<void> => {
  socket.close();
  await closed;
};

const saying = (text: string) => (frame: Body) => frame.data?.text === text;
const textsOf = (client: Client) => client.frames.flatMap(({ data }) => data?.text ?? []);

async function socketOf({ appId }: Pick<Tenant, 'appId'>): Promise<Body> {
  const { data } = (await rig.call('GET', `/api/v1/apps/${appId}/endpoints`)).body;
  return data.find(({ transport }: Body) => transport === 'socket');
}

/** A tenant without a webhook, which can only connect, and its socket in the webhook's place. */
async function listener(): Promise<Tenant> {
  const tenant = await rig.tenant({ dialect: 'pipes' });
  const path = `/api/v1/apps/${tenant.appId}/endpoints`;
  expect((await rig.call('DELETE', `${path}/${tenant.endpointId}`)).status).toBe(204);
  return { ...tenant, endpointId: (await socketOf(tenant)).id };
}

const deliveries = async (tenant: Tenant, state: string): Promise<Body[]> => {
  const query = `limit=200&state=${state}&endpoint_id=${tenant.endpointId}`;
  return (await rig.call('GET', `/api/v1/deliveries?${query}`, undefined, tenant.key)).body.data;
};

test('an app has one socket from its first key on, however many keys and clients meet', async () => {
  const app = (await rig.call('POST', '/api/v1/apps', { name: 'Many', dialect: 'pipes' })).body;
  const made = Array.from({ length: 5 }, () => rig.call('POST', `/api/v1/apps/${app.id}/keys`, {}));
  const keys = (await Promise.all(made)).map(({ body }) => body);
  const clients = await Promise.all(keys.map((key) => connect(key)));
  const { data } = (await rig.call('GET', `/api/v1/apps/${app.id}/endpoints`)).body;
  expect(data).toMatchObject([{ transport: 'socket', dialect: 'pipes', url: '' }]);
  await Promise.all(clients.map(leave));
});

test('what was written and not read is not delivered, and comes to whoever connects next', async () => {
  const tenant = await listener();
  const frozen = await connect(tenant, { autoPong: false });
  for (const text of ['one', 'two']) await say(rig, tenant, text);
  for (const text of ['one', 'two']) await frozen.next(saying(text));
  expect(await deliveries(tenant, 'delivered')).toEqual([]);
  frozen.socket.terminate();
  const awake = await connect(tenant);
  for (const text of ['one', 'two']) await awake.next(saying(text));
  // The one may be told, and its answer recorded, before the other.
  await expect.poll(async () => (await deliveries(tenant, 'delivered')).length).toBe(2);
  await leave(awake);
});

test('every connection hears a message, and it is delivered once', async () => {
  const tenant = await listener();
  const clients = await Promise.all([connect(tenant), connect(tenant)]);
  await say(rig, tenant, 'to all');
  for (const client of clients) await client.next(saying('to all'));
  await attempted(rig, (await newestDelivery(rig, tenant)).id, 1);
  expect(await deliveries(tenant, 'delivered')).toHaveLength(1);
  await Promise.all(clients.map(leave));
});

test('what waits is kept for whoever connects for all, and not for a single conversation', async () => {
  const tenant = await listener();
  const first = await connect(tenant);
  await say(rig, tenant, 'known');
  const { data } = await first.next(saying('known'));
  await leave(first);
  await say(rig, tenant, 'waits');
  const narrow = await connect(tenant, { conversationId: data.conversationId });
  await say(rig, tenant, 'new');
  await narrow.next(saying('new'));
  expect(textsOf(narrow)).toEqual(['new']);
  const all = await connect(tenant);
  await all.next(saying('waits'));
  expect(textsOf(narrow)).toEqual(['new', 'waits'].slice(0, textsOf(narrow).length));
  await Promise.all([narrow, all].map(leave));
});

test('the newest hundred of a sender wait; what they push out is a dead letter that can be replayed', async () => {
  const tenant = await listener();
  const { compose } = rig.sandbox;
  const at = (number: number) => ({ at: rig.clock.now() - (200 - number) * second });
  const messages = Array.from({ length: 103 }, (_, number) =>
    compose.message(compose.contents.text(String(number)), at(number)),
  );
  const other = compose.message(compose.contents.text('of another'), { person: { phone: '4915100000001' }, ...at(0) });
  await rig.post(compose.body([compose.received(tenant.phoneNumberId, [...messages, other])]));
  const client = await connect(tenant);
  await client.next(saying('of another'));
  const dead = await deliveries(tenant, 'dead');
  expect(dead.map(({ reason }) => reason)).toEqual(Array(3).fill('queue_full'));
  rig.clock.advance(101 * 0.75 * second);
  await Promise.all(
    [...messages.slice(3).map((_, number) => String(number + 3)), 'of another'].map((text) =>
      client.next(saying(text)),
    ),
  );
  expect(textsOf(client)).toHaveLength(101);
  for (const { id } of dead) {
    const { status } = await rig.call('POST', `/api/v1/deliveries/${id}/replay`, undefined, tenant.key);
    expect(status).toBe(202);
  }
  for (const text of ['0', '1', '2']) await client.next(saying(text));
  await leave(client);
});

test('what waits longer than a day is a dead letter', async () => {
  const tenant = await listener();
  await say(rig, tenant, 'old');
  rig.clock.advance(25 * hour);
  await say(rig, tenant, 'young');
  const client = await connect(tenant);
  await client.next(saying('young'));
  expect(textsOf(client)).toEqual(['young']);
  expect(await deliveries(tenant, 'dead')).toMatchObject([{ reason: 'queue_expired' }]);
  await leave(client);
});

test('while a webhook hears everything a socket hears nothing, unless it is set to hear in parallel', async () => {
  const tenant = await rig.tenant({ dialect: 'pipes' });
  const client = await connect(tenant);
  const endpoints = `/api/v1/apps/${tenant.appId}/endpoints`;
  const { id } = await socketOf(tenant);
  await say(rig, tenant, 'for the webhook');
  await tenant.receiver.next(({ number }) => number === 1);
  expect((await rig.call('PATCH', `${endpoints}/${id}`, { settings: { parallel: true } })).status).toBe(200);
  await say(rig, tenant, 'for both');
  await client.next(saying('for both'));
  await tenant.receiver.next(({ number }) => number === 2);
  expect(textsOf(client)).toEqual(['for both']);
  expect((await rig.call('PATCH', `${endpoints}/${tenant.endpointId}`, { state: 'paused' })).status).toBe(200);
  expect((await rig.call('PATCH', `${endpoints}/${id}`, { settings: { parallel: false } })).status).toBe(200);
  await say(rig, tenant, 'for the socket');
  await client.next(saying('for the socket'));
  expect(tenant.receiver.received).toHaveLength(2);
  await leave(client);
});

test('a key that is revoked hears nothing more', async () => {
  const tenant = await listener();
  const keys = `/api/v1/apps/${tenant.appId}/keys`;
  const { id, key } = (await rig.call('POST', keys, {})).body;
  const client = await connect({ key });
  expect((await rig.call('DELETE', `${keys}/${id}`)).status).toBe(204);
  rig.clock.advance(2 * second);
  await say(rig, tenant, 'secret');
  expect(await client.closed).toBe(1008);
  const heir = await connect(tenant);
  await heir.next(saying('secret'));
  expect(textsOf(client)).toEqual([]);
  await leave(heir);
});

test('a test delivery comes to whoever is connected, and says so when nobody is', async () => {
  const tenant = await listener();
  const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}/test`;
  const alone = await rig.call('POST', path);
  expect(alone.body).toMatchObject({ error: 'nobody is connected' });
  const client = await connect(tenant);
  expect((await rig.call('POST', path)).body).toMatchObject({ error: null });
  const { data } = await client.next(({ type }) => type === 'whatsapp_message');
  expect(data).toMatchObject({ fromName: 'Test', type: 'image' });
  await leave(client);
});

test('a frame larger than a MiB ends its connection, and no other', async () => {
  const tenant = await listener();
  const [loud, quiet] = [await connect(tenant), await connect(tenant)];
  loud.socket.send('x'.repeat((1 << 20) + 1));
  expect(await loud.closed).toBe(1009);
  await say(rig, tenant, 'still here');
  await quiet.next(saying('still here'));
  await leave(quiet);
});

test('a server that stops says so, and what was not heard is told after it is back', async () => {
  const tenant = await listener();
  const client = await connect(tenant, { autoPong: false });
  await say(rig, tenant, 'before');
  await client.next(saying('before'));
  await rig.restart();
  expect(await client.closed).toBe(1001);
  await say(rig, tenant, 'after');
  const back = await connect(tenant);
  for (const text of ['before', 'after']) await back.next(saying(text));
  await leave(back);
});

test('a client’s ping is answered, and the end of its connection stands in the log', async () => {
  const tenant = await listener();
  const client = await connect(tenant);
  client.socket.ping();
  await once(client.socket, 'pong');
  const before = new Set(rig.log.lines);
  await leave(client);
  await rig.log.next((line) => line.msg === 'socket' && line['end'] === 'left' && !before.has(line));
});

// The last one, because from here on the clock stands still.
test('a webhook is tried three times within ten seconds; then its message waits for a client', async () => {
  const tenant = await rig.tenant({ dialect: 'pipes' });
  tenant.receiver.answer(500);
  const client = await connect(tenant);
  rig.clock.hold();
  await say(rig, tenant, 'over');
  await tenant.receiver.next(() => true);
  const { id } = await newestDelivery(rig, tenant);
  for (const [at, wait] of [2, 8].entries()) {
    await attempted(rig, id, at + 1);
    const { due_at } = (await rig.call('GET', `/api/v1/deliveries/${id}`, undefined, tenant.key)).body;
    expect(Date.parse(due_at) - rig.clock.now()).toBe(wait * second);
    rig.clock.advance(wait * second);
  }
  await client.next(saying('over'));
  expect(tenant.receiver.received).toHaveLength(3);
  const { state } = (await rig.call('GET', `/api/v1/deliveries/${id}`, undefined, tenant.key)).body;
  expect(state).toBe('dead');
  await leave(client);
});
