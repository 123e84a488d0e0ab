import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Seat, SocketFrame, SocketHub, SocketScope, SocketTalk } from '../core/socket.ts';
import { type SocketHubParts, socketHub } from './socket-hub.ts';

const endpointId = 'end_000000000000000000000000001';
const conversationId = 'cnv_000000000000000000000000001';
const channelId = 'chn_000000000000000000000000001';

let server: WebSocketServer;
let now: number;

beforeEach(async () => {
  now = 1000;
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
});

afterEach(() => {
  for (const client of server.clients) client.terminate();
  server.close();
});

const minute = 60_000;
/** Nothing happens by itself; a test names the one time that it is about. */
const never = { pingMs: minute, pongMs: minute, lagMs: minute, goodbyeMs: minute };
const wide = { bufferedBytes: 1 << 20, unanswered: 1000, connections: 1000 };

const hubWith = (given: { times?: object; limits?: object } = {}): SocketHub => {
  const parts: SocketHubParts = {
    clock: { now: () => now },
    times: { ...never, ...given.times },
    limits: { ...wide, ...given.limits },
  };
  return socketHub(parts);
};

type Client = { socket: WebSocket; talk: SocketTalk; next(): Promise<string>; closed: Promise<number> };

/** Connects a client and seats it; its welcome is read. @param answers whether it answers pings by itself */
async function join(
  hub: SocketHub,
  { scope = {}, answers = true, ...seat }: { scope?: SocketScope; answers?: boolean } & Partial<Seat> = {},
): Promise<Client> {
  const arrives = once(server, 'connection') as Promise<[WebSocket]>;
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { autoPong: answers });
  const frames: string[] = [];
  let arrived = Promise.withResolvers<void>();
  socket.on('message', (data) => {
    frames.push(String(data));
    arrived.resolve();
  });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  const [wire] = await arrives;
  const whole: Seat = { endpointId, scope, isAdmitted: async () => true, hear: () => null, ...seat };
  const talk = hub.join(wire, whole, 'welcome');
  const client: Client = {
    socket,
    talk,
    closed,
    async next() {
      while (frames.length === 0) {
        await arrived.promise;
        arrived = Promise.withResolvers();
      }
      return frames.shift() ?? '';
    },
  };
  expect(await client.next()).toBe('welcome');
  return client;
}

const send = (hub: SocketHub, text: string, given: Partial<SocketFrame> = {}) =>
  hub.send({ endpointId, conversationId, channelId, since: now, text, signal: AbortSignal.timeout(minute), ...given });

/** The number in the next ping that the client gets. */
const pinged = async ({ socket }: Client): Promise<string> => String((await once(socket, 'ping'))[0]);

test('a frame is delivered when the client has answered a ping that was sent after it, and not before', async () => {
  const hub = hubWith();
  const client = await join(hub, { answers: false });
  const ping = pinged(client);
  const outcome = send(hub, 'one');
  expect(await client.next()).toBe('one');
  const number = await ping;
  expect(hub.standing()).toEqual({ open: 1, unacknowledged: 1 });
  client.socket.pong('');
  client.socket.pong('nonsense');
  // Its frames arrive in their order, so what it sent before was heard when this is answered.
  const second = pinged(client);
  const other = send(hub, 'two');
  await second;
  expect(hub.standing().unacknowledged).toBe(2);
  client.socket.pong(number);
  expect(await outcome).toEqual({ is: 'delivered' });
  expect(hub.standing().unacknowledged).toBe(1);
  client.socket.pong(await second);
  expect(await other).toEqual({ is: 'delivered' });
});

test('one answer stands for all pings before it', async () => {
  const hub = hubWith();
  const client = await join(hub, { answers: false });
  const numbers: string[] = [];
  const third = new Promise<void>((resolve) =>
    client.socket.on('ping', (data) => numbers.push(String(data)) === 3 && resolve()),
  );
  const outcomes = ['one', 'two', 'three'].map((text) => send(hub, text));
  await third;
  client.socket.pong(numbers[2]);
  expect(await Promise.all(outcomes)).toEqual(Array(3).fill({ is: 'delivered' }));
});

test('a client that owes an answer is cut, and what it was sent is lost', async () => {
  const hub = hubWith({ times: { pongMs: 20 } });
  const client = await join(hub, { answers: false });
  expect(await send(hub, 'one')).toMatchObject({ is: 'lost' });
  expect(await client.talk.ended).toEqual({ end: 'silent', sent: 1 });
  expect(await client.closed).toBe(1006);
  expect(hub.isOpen(endpointId)).toBe(false);
});

test('a connection on which nothing is said is pinged', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const hub = hubWith({ times: { pingMs: 10, pongMs: 20 } });
  const answering = await join(hub);
  const dumb = await join(hub, { answers: false });
  for (let beat = 0; beat < 4; beat++) {
    const ping = pinged(answering);
    vi.advanceTimersByTime(10);
    await ping;
    // What a client sends is read in its order: when this is answered, its answer to the ping was heard.
    answering.socket.ping();
    await once(answering.socket, 'pong');
  }
  expect((await dumb.talk.ended).end).toBe('silent');
  expect(hub.standing().open).toBe(1);
});

test('a frame goes to everybody whose scope covers it, and to nobody else', async () => {
  const hub = hubWith();
  expect(await send(hub, 'early')).toEqual({ is: 'nobody' });
  const clients = [
    await join(hub),
    await join(hub, { scope: { conversationId } }),
    await join(hub, { scope: { channelId } }),
    await join(hub, { scope: { conversationId, channelId } }),
  ];
  await join(hub, { endpointId: 'end_000000000000000000000000002' });
  const elsewhere = {
    conversationId: 'cnv_000000000000000000000000002',
    channelId: 'chn_000000000000000000000000002',
  } as const;
  for (const scope of [{ conversationId: elsewhere.conversationId }, { channelId: elsewhere.channelId }])
    await join(hub, { scope });
  expect(await send(hub, 'here')).toEqual({ is: 'delivered' });
  for (const client of clients) expect(await client.next()).toBe('here');
  expect(await send(hub, 'there', elsewhere)).toEqual({ is: 'delivered' });
  expect(await clients[0]?.next()).toBe('there');
  const [, ofConversation, ofChannel] = clients;
  expect(await send(hub, 'other conversation', { conversationId: elsewhere.conversationId })).toEqual({
    is: 'delivered',
  });
  expect(await ofChannel?.next()).toBe('other conversation');
  expect(await send(hub, 'other number', { channelId: elsewhere.channelId })).toEqual({ is: 'delivered' });
  expect(await ofConversation?.next()).toBe('other number');
});

test('a connection to one conversation hears of nothing that waited before it was there', async () => {
  const hub = hubWith();
  const client = await join(hub, { scope: { conversationId } });
  expect(await send(hub, 'waited', { since: now - 1 })).toEqual({ is: 'nobody' });
  expect(hub.isHeard({ endpointId, conversationId, channelId, since: now - 1 })).toBe(false);
  expect(await send(hub, 'new')).toEqual({ is: 'delivered' });
  expect(await client.next()).toBe('new');
});

test('the first of several that has read a frame delivers it, and one that breaks is no loss', async () => {
  const hub = hubWith();
  const silent = await join(hub, { answers: false });
  await join(hub);
  expect(await send(hub, 'one')).toEqual({ is: 'delivered' });
  silent.socket.terminate();
  await silent.talk.ended;
  expect(await send(hub, 'two')).toEqual({ is: 'delivered' });
});

test('where all that heard of a frame break, it is lost', async () => {
  const hub = hubWith();
  const clients = [await join(hub, { answers: false }), await join(hub, { answers: false })];
  const outcome = send(hub, 'one');
  for (const client of clients) {
    expect(await client.next()).toBe('one');
    client.socket.terminate();
  }
  expect(await outcome).toMatchObject({ is: 'lost' });
});

test('a client that lags is sent nothing more until it has caught up', async () => {
  const hub = hubWith({ limits: { unanswered: 1 } });
  const client = await join(hub, { answers: false });
  const ping = pinged(client);
  const first = send(hub, 'one');
  const number = await ping;
  const second = send(hub, 'two');
  expect(await client.next()).toBe('one');
  const next = pinged(client);
  client.socket.pong(number);
  expect(await first).toEqual({ is: 'delivered' });
  expect(await client.next()).toBe('two');
  client.socket.pong(await next);
  expect(await second).toEqual({ is: 'delivered' });
  expect(await Promise.race([client.closed, Promise.resolve('open')])).toBe('open');
});

test('a client that goes on lagging is closed with 1013', async () => {
  const hub = hubWith({ limits: { unanswered: 1 }, times: { lagMs: 20 } });
  const client = await join(hub, { answers: false });
  const outcomes = [send(hub, 'one'), send(hub, 'two')];
  expect(await client.closed).toBe(1013);
  expect(await Promise.all(outcomes)).toEqual([
    expect.objectContaining({ is: 'lost' }),
    expect.objectContaining({ is: 'lost' }),
  ]);
  expect(await client.talk.ended).toEqual({ end: 'too_slow', sent: 1 });
});

test('a client that would miss a frame because it lags is closed, so that it comes back', async () => {
  const hub = hubWith({ limits: { unanswered: 1 } });
  const slow = await join(hub, { answers: false });
  await join(hub);
  expect(await send(hub, 'one')).toEqual({ is: 'delivered' });
  expect(await slow.next()).toBe('one');
  expect(await send(hub, 'two')).toEqual({ is: 'delivered' });
  expect(await slow.closed).toBe(1013);
});

test('a client that asks without reading is given up', async () => {
  const hub = hubWith({ limits: { bufferedBytes: 1 << 16 }, times: { goodbyeMs: 20 } });
  const client = await join(hub, { hear: () => 'x'.repeat(1 << 20) });
  client.socket.pause();
  for (let at = 0; at < 64; at++) client.socket.send('{}');
  expect(await client.talk.ended).toMatchObject({ end: 'too_slow' });
});

test('a key that was revoked hears nothing more and closes its connection', async () => {
  const hub = hubWith();
  const client = await join(hub, { isAdmitted: async () => false });
  expect(await send(hub, 'one')).toMatchObject({ is: 'lost' });
  expect(await client.closed).toBe(1008);
  expect(await client.talk.ended).toEqual({ end: 'revoked', sent: 0 });
});

test('the answer to a frame of the client is sent, and no answer where there is none', async () => {
  const hub = hubWith();
  const client = await join(hub, { hear: (text) => (text === 'quiet' ? null : `heard ${text}`) });
  client.socket.send('quiet');
  client.socket.send('loud');
  expect(await client.next()).toBe('heard loud');
});

test('a stop says goodbye to everybody, and does not wait for those who do not answer', async () => {
  const hub = hubWith({ times: { goodbyeMs: 20 } });
  const polite = await join(hub);
  const dumb = await join(hub);
  dumb.socket.pause();
  await hub.stop();
  expect(await polite.closed).toBe(1001);
  expect(await dumb.talk.ended).toMatchObject({ end: 'stopping' });
  expect(hub.standing()).toEqual({ open: 0, unacknowledged: 0 });
});

test('a frame that is given up is not waited for', async () => {
  const hub = hubWith();
  await join(hub, { answers: false });
  const stop = new AbortController();
  const outcome = send(hub, 'one', { signal: stop.signal });
  stop.abort();
  expect(await outcome).toEqual({ is: 'lost', error: 'given up' });
});

test('there is an end to how many connections are open', async () => {
  const hub = hubWith({ limits: { connections: 1 } });
  hub.checkRoom();
  const client = await join(hub);
  expect(() => hub.checkRoom()).toThrow(expect.objectContaining({ code: 'rate_limited' }));
  client.socket.close();
  await client.talk.ended;
  hub.checkRoom();
});
