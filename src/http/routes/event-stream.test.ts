import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { furnish, type Http, keyOf, openHttp } from '../../../test/http/rig.ts';
import { eventBell } from '../../flows/event-bell.ts';
import { eventStreams } from '../../flows/event-stream.ts';
import { type StreamTimes, socketStreams } from '../event-streams.ts';
import type { HttpParts } from '../parts.ts';

type Frame = { type: string; cursor: string; code: string; event: { id: string; type: string; app_id: string } };
type Limits = NonNullable<Parameters<typeof eventStreams>[0]['limits']>;

/** A client that keeps what it hears. */
function connect(http: Http, headers: Record<string, string> = {}, path = '/api/v1/events/stream') {
  const socket = new WebSocket(`${http.url.replace('http', 'ws')}${path}`, { headers });
  const frames: Frame[] = [];
  const waiting: (() => void)[] = [];
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)));
    for (const wake of waiting.splice(0)) wake();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  const refused = new Promise<{ status: number; body: { code: string } }>((resolve) => {
    socket.on('unexpected-response', (_request, answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += String(chunk);
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }));
    });
  });
  socket.on('error', () => {});
  onTestFinished(() => socket.terminate());
  return {
    socket,
    frames,
    closed,
    refused,
    opened: new Promise<void>((resolve) => socket.on('open', resolve)),
    send: (frame: object) => socket.send(JSON.stringify(frame)),
    /** Resolves once so many frames of a type have come. */
    async heard(count: number, type = 'event'): Promise<Frame[]> {
      for (;;) {
        const some = frames.filter((frame) => frame.type === type);
        if (some.length >= count) return some;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

async function subscribed(http: Http, key: string, order: object = {}) {
  const client = connect(http, { authorization: `Bearer ${key}` });
  await client.opened;
  client.send({ type: 'subscribe', ...order });
  return client;
}

/** Streams with other limits or times than the usual ones, so that nobody waits for those. */
const hasty =
  (limits: Partial<Limits> = {}, times: Partial<StreamTimes> = {}) =>
  ({ records, links, clock, access }: HttpParts): Partial<HttpParts> => {
    const onError = () => {};
    const bell = eventBell({ records, onError });
    onTestFinished(() => bell.stop());
    const usual = { page: 100, unacknowledged: 1000, bufferedBytes: 1 << 20, lagMs: 30_000, idleMs: 20_000 };
    const openStream = eventStreams({ records, bell, links, clock, onError, limits: { ...usual, ...limits } });
    const slow = { subscribeMs: 10_000, pingMs: 20_000, pongMs: 30_000, goodbyeMs: 2000 };
    return { streams: socketStreams({ access, openStream, clock }, { ...slow, ...times }) };
  };

test('what has happened is told in its order, then what happens, each with the cursor to go on after it', async () => {
  const http = await openHttp();
  const { key, app, receive } = await furnish(http);
  const client = await subscribed(http, key);
  const [begun] = await client.heard(1, 'subscribed');
  expect(begun?.cursor).toBeNull();
  const past = await client.heard(2);
  expect(past[0]?.event).toMatchObject({ type: 'message.received', app_id: app.id });

  await receive({ media: [] });
  const heard = await client.heard(3);
  const listed = (await http.call('GET', '/api/v1/events', { key })).json['data'] as { id: string }[];
  expect(heard.map(({ event }) => event.id)).toEqual(listed.map(({ id }) => id));

  const again = await subscribed(http, key, { after: heard[1]?.cursor });
  expect((await again.heard(1))[0]?.event.id).toBe(heard[2]?.event.id);
});

test('latest begins at the end, types and app narrow, and nothing of another app is heard', async () => {
  const http = await openHttp();
  const mine = await furnish(http);
  const other = await furnish(http);
  const client = await subscribed(http, mine.key, { after: 'latest', types: ['message.received'] });
  await client.heard(1, 'subscribed');
  await other.receive({ media: [] });
  await mine.receive({ media: [] });
  const [only] = await client.heard(1);
  expect(only?.event.app_id).toBe(mine.app.id);
  expect(client.frames).toHaveLength(2);
});

test('the key may come in the first frame, and never in the address', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  const client = connect(http);
  await client.opened;
  client.send({ type: 'subscribe', key, types: ['message.received'] });
  expect(await client.heard(1)).toHaveLength(1);

  const address = connect(http, {}, `/api/v1/events/stream?key=${key}`);
  expect(await address.refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
});

test('who may not listen hears why before the connection becomes a WebSocket', async () => {
  const http = await openHttp();
  const { app } = await furnish(http);
  const sender = await keyOf(http, app, ['send']);
  for (const [headers, status, code] of [
    [{ authorization: 'Bearer nobody' }, 401, 'key_unknown'],
    [{ 'x-api-key': sender }, 403, 'permission_missing'],
  ] as const) {
    expect(await connect(http, headers).refused).toMatchObject({ status, body: { code } });
  }
  const elsewhere = connect(http, { authorization: `Bearer ${sender}` }, '/api/v1/nowhere');
  expect(await elsewhere.refused).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect((await http.call('GET', '/api/v1/events/stream')).json['code']).toBe('upgrade_required');
  expect((await http.call('GET', '/api/v1/events/stream', { key: null })).json['code']).toBe('key_missing');
});

test('a wrong first frame, a wrong key in it and a wrong cursor close with a code that says so', async () => {
  const http = await openHttp();
  const { key, app } = await furnish(http);
  const sender = await keyOf(http, app, ['send']);
  for (const [frame, code, says] of [
    ['no json', 4400, 'invalid_request'],
    [JSON.stringify({ type: 'subscribe', key, nickname: 'x' }), 4400, 'invalid_request'],
    [JSON.stringify({ type: 'subscribe', key, after: 'x' }), 4400, 'invalid_cursor'],
    [JSON.stringify({ type: 'subscribe' }), 4401, 'key_missing'],
    [JSON.stringify({ type: 'subscribe', key: 'nobody' }), 4401, 'key_unknown'],
    [JSON.stringify({ type: 'subscribe', key: sender }), 4403, 'permission_missing'],
  ] as const) {
    const client = connect(http);
    await client.opened;
    client.socket.send(frame);
    expect(await client.closed, frame).toBe(code);
    expect(client.frames.at(-1)?.code, frame).toBe(says);
  }
});

test('who does not subscribe in time is sent away', async () => {
  const http = await openHttp(hasty({}, { subscribeMs: 20 }));
  expect(await connect(http).closed).toBe(4408);
});

test('a client that acknowledges hears only so much more than it has acknowledged', async () => {
  const http = await openHttp(hasty({ page: 2, unacknowledged: 3 }));
  const { key, receive } = await furnish(http);
  for (let more = 0; more < 6; more++) await receive({ media: [] });
  const client = await subscribed(http, key, { ack: true });
  const three = await client.heard(3);
  expect(http.parts.streams.standing()).toEqual({ open: 1, unacknowledged: 3 });
  client.send({ type: 'ack', cursor: three[1]?.cursor });
  expect(await client.heard(5)).toHaveLength(5);
  client.send({ type: 'ack', cursor: three[0]?.cursor });
  client.send({ type: 'ack', cursor: client.frames.at(-1)?.cursor });
  const all = await client.heard(8);
  expect(new Set(all.map(({ event }) => event.id)).size).toBe(8);
});

test('a client that lags too long is sent away, and comes back with its cursor without losing anything', async () => {
  const http = await openHttp(hasty({ page: 2, unacknowledged: 2, lagMs: 100 }));
  const { key, receive } = await furnish(http);
  await receive({ media: [] });
  await receive({ media: [] });
  const client = await subscribed(http, key, { ack: true });
  expect(await client.closed).toBe(1013);
  const events = client.frames.filter(({ type }) => type === 'event');
  const again = await subscribed(http, key, { after: events[0]?.cursor });
  const rest = await again.heard(2);
  expect(rest[0]?.event.id).toBe(events[1]?.event.id);
});

test('a client whose connection takes nothing is sent away, however much there is to tell', async () => {
  const http = await openHttp(hasty({ page: 1, bufferedBytes: 0, lagMs: 100 }));
  const { key, receive } = await furnish(http);
  const text = 'x'.repeat(400_000);
  for (let more = 0; more < 40; more++) await receive({ media: [], text });
  const client = await subscribed(http, key, { after: 'latest' });
  await client.heard(1, 'subscribed');
  client.socket.pause();
  const lagging = await subscribed(http, key);
  lagging.socket.pause();
  await expect.poll(() => http.parts.streams.standing().open, { timeout: 10_000 }).toBe(1);
});

test('a key that is revoked hears nothing more', async () => {
  const http = await openHttp(hasty({ idleMs: 50 }));
  const { app, receive } = await furnish(http);
  const made = await http.call('POST', `/api/v1/apps/${app.id}/keys`, { body: {} });
  const client = await subscribed(http, String(made.json['key']), { after: 'latest' });
  await client.heard(1, 'subscribed');
  await http.call('DELETE', `/api/v1/apps/${app.id}/keys/${made.json['id']}`);
  http.moveTo(http.parts.clock.now() + 2000);
  await receive({ media: [] });
  expect(await client.closed).toBe(4401);
  expect(client.frames.map(({ type }) => type)).toEqual(['subscribed', 'error']);
});

test('a cursor older than what is kept asks for a new beginning, over the stream and over the list', async () => {
  const http = await openHttp();
  const { key, app, receive } = await furnish(http);
  const { json } = await http.call('GET', '/api/v1/events', { key });
  const old = String(json['next']);
  await receive({ media: [] });
  const later = http.parts.clock.now() + 60 * 86_400_000;
  for (let changed = 1; changed > 0; ) ({ changed } = await http.records.sweep({ now: later, limit: 100 }));

  const listed = await http.call('GET', `/api/v1/events?after=${old}`, { key });
  expect([listed.status, listed.json['code']]).toEqual([410, 'cursor_too_old']);
  const client = await subscribed(http, key, { after: old });
  expect(await client.closed).toBe(4410);
  expect(client.frames.map(({ type }) => type)).toEqual(['subscribed', 'resync_required']);
  expect((await http.call('GET', `/api/v1/events?app_id=${app.id}`, { key })).status).toBe(200);
});

test('who answers no ping is given up, and who does is not', async () => {
  const http = await openHttp(hasty({}, { pingMs: 20, pongMs: 200 }));
  const { key } = await furnish(http);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const dead = await subscribed(http, key);
  await dead.heard(1);
  const alive = await subscribed(http, key);
  await alive.heard(1);
  dead.socket.pause();
  for (let beat = 0; beat < 30; beat++) {
    const pinged = once(alive.socket, 'ping');
    vi.advanceTimersByTime(20);
    await pinged;
    // What a client sends is read in its order: when this is answered, its answer to the ping was heard.
    alive.socket.ping();
    await once(alive.socket, 'pong');
  }
  await expect.poll(() => http.parts.streams.standing().open).toBe(1);
  expect(alive.socket.readyState).toBe(WebSocket.OPEN);
});

test('a server that stops says so, and does not wait for who does not listen', async () => {
  const http = await openHttp(hasty({}, { goodbyeMs: 100 }));
  const { key } = await furnish(http);
  const polite = await subscribed(http, key);
  const deaf = await subscribed(http, key);
  await polite.heard(1);
  await deaf.heard(1);
  deaf.socket.pause();
  await http.close();
  expect(await polite.closed).toBe(1001);
});

test('a question for events waits until there are some, or as long as it says', async () => {
  const http = await openHttp();
  const { key, receive } = await furnish(http);
  const end = await http.call('GET', '/api/v1/events?after=latest', { key });
  expect(end.json['data']).toEqual([]);
  const asked = http.call('GET', `/api/v1/events?after=${end.json['next']}&wait=30`, { key });
  await receive({ media: [] });
  expect((await asked).json['data']).toHaveLength(1);
  const none = await http.call('GET', '/api/v1/events?after=latest&wait=1', { key });
  expect(none.json['data']).toEqual([]);
  expect((await http.call('GET', '/api/v1/events?wait=31', { key })).status).toBe(400);
});
