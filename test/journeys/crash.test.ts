// A server that is killed, stopped, started twice, or started with another key: what was acknowledged stays true.

import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { KeptMedia } from '../../src/sandbox/kept-media.ts';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { about, adminKey, type Body, eventOf, fixture, messageOf, sha256Of, startRig } from './rig.ts';
import { type ServerProcess, startServer } from './server-process.ts';

// Several processes start in a test, each slowly where others run beside it.
vi.setConfig({ testTimeout: 90_000 });

const clock = { now: () => Date.now() };
const phoneNumberId = '106540352242922';
const appSecret = 'test_app_secret';
const resumeMs = 5000;
const stall = { at: 'link', is: 'stall', when: 'mid_body' } as const;

type World = {
  folder: string;
  sandbox: Sandbox;
  receiver: Receiver;
  server: ServerProcess;
  /** Starts a server on the same folder in place of the one that ended. */
  start(): Promise<void>;
  call(method: string, path: string, body?: unknown): Promise<Body>;
  /** Keeps a file at the carrier, and says how to post the webhook that announces it. */
  announce(name: string, caption: string): Promise<{ id: string; media: KeptMedia; post(): Promise<number | null> }>;
};

async function openWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-crash-'));
  const sandbox = await startSandbox({ clock, folder: join(folder, 'carrier') });
  sandbox.addNumber({ phoneNumberId, display: '15550783881', accessToken: 'EAAG-token', appSecret });
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const receiver = await startReceiver({ clock, secret });
  let server = startServer(folder);
  let url = await server.ready;
  onTestFinished(async () => {
    await server.kill('SIGKILL');
    await receiver.close();
    await sandbox.close();
    await rm(folder, { recursive: true });
  });

  const call: World['call'] = async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const connection = await call('POST', '/api/v1/connections', {
    carrier: 'whatsapp-cloud',
    name: 'Meta',
    app_secret: appSecret,
    verify_token: 'meatyhamhock',
    graph_url: sandbox.origin,
  });
  const app = await call('POST', '/api/v1/apps', { name: 'App' });
  await call('POST', '/api/v1/channels', {
    app_id: app.id,
    connection_id: connection.id,
    address: phoneNumberId,
    access_token: 'EAAG-token',
  });
  await call('POST', `/api/v1/apps/${app.id}/endpoints`, { url: receiver.url, secret });

  return {
    folder,
    sandbox,
    receiver,
    call,
    get server() {
      return server;
    },
    async start() {
      server = startServer(folder);
      url = await server.ready;
    },
    async announce(name, caption) {
      const type = name.endsWith('.pdf') ? 'application/pdf' : name.endsWith('.mp4') ? 'video/mp4' : 'image/jpeg';
      const media = await sandbox.keep(phoneNumberId, { path: fixture(name) }, { type });
      const { compose } = sandbox;
      const message = compose.message(compose.media(media, { caption }));
      const body = sandbox.escape(compose.body([compose.received(phoneNumberId, [message])]));
      const post = () => sandbox.post(`${url}/in/${connection.id}`, body, { secret: appSecret });
      return { id: message.id, media, post: async () => (await post()).status };
    },
  };
}

type Announced = Awaited<ReturnType<World['announce']>>;

/** Claims that each was delivered, verified and with the right bytes, and that there is one message for each and no more. */
async function expectAll(world: World, announced: readonly Announced[], before?: AbortSignal): Promise<void> {
  for (const { id, media } of announced) {
    // A delivery from before the kill may have been the one; its link still leads to the address of the dead server.
    const delivery = await world.receiver.next(about(id), before);
    expect(delivery.verified).toBe(true);
    expect(messageOf(delivery).media[0]).toMatchObject({ state: 'stored', sha256: media.sha256, size: media.size });
  }
  const { data } = await world.call('GET', '/api/v1/messages?limit=200');
  const ids = data.map((message: Body) => message.carrier_message_id);
  expect(ids.toSorted()).toEqual(announced.map(({ id }) => id).toSorted());
  for (const { id, media } of announced) {
    const message = data.find((one: Body) => one.carrier_message_id === id);
    const link = await fetch(message.media[0].url);
    expect(await sha256Of(await link.arrayBuffer())).toBe(media.sha256);
    // However often it was tried, it is one event under one id.
    const events = new Set(world.receiver.received.filter(about(id)).map((received) => eventOf(received).id));
    expect(events.size).toBe(1);
  }
}

test('killed in the middle of a download and of a delivery, a server goes on within 5 seconds of its restart', async () => {
  const world = await openWorld();
  const files = ['accident.jpg', 'contract.pdf', 'video.mp4', 'accident.jpg', 'contract.pdf', 'video.mp4'];
  const announced = await Promise.all(files.map((name, at) => world.announce(name, `file ${at}`)));
  const [held, answered] = announced;
  if (held === undefined || answered === undefined) throw new Error('nothing was announced');
  world.sandbox.fault(held.media.id, stall);
  // One delivery is never answered.
  world.receiver.answer((received) => (about(answered.id)(received) ? new Promise(() => {}) : 200));
  for (const { post } of announced) expect(await post()).toBe(200);
  await world.sandbox.held(held.media.id);
  await world.receiver.next(about(answered.id));

  expect(await world.server.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  world.sandbox.clearFaults();
  world.receiver.answer(200);
  const deliveries = world.receiver.received.length;
  await world.start();
  const limit = AbortSignal.timeout(resumeMs);
  await expectAll(world, announced, limit);
  const again = await world.receiver.next(
    (received) => received.number > deliveries && about(answered.id)(received),
    limit,
  );
  // Not before the server knows its own address, of which links are made.
  expect(messageOf(again).media[0].url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/media\//);
  // What the kill cut off is neither kept nor left lying about.
  expect(await readdir(join(world.folder, 'blobs', 'tmp'))).toEqual([]);
});

test('killed again and again while webhooks pour in, a server loses none that it acknowledged and doubles none that it did not', async () => {
  const world = await openWorld();
  const announced: Announced[] = [];
  for (let round = 0; round < 3; round++) {
    const some = await Promise.all(
      Array.from({ length: 12 }, (_, at) => world.announce('accident.jpg', `round ${round}, file ${at}`)),
    );
    announced.push(...some);
    const posted = some.map(({ post }) => post());
    // Somewhere in the middle: after a few answers, whatever else is on its way.
    await Promise.race(posted.slice(round * 4));
    await world.server.kill('SIGKILL');
    const statuses = await Promise.all(posted);
    await world.start();
    // The carrier sends again what was not answered; what was answered counts though nobody sends it again.
    const unanswered = some.filter((_, at) => statuses[at] !== 200);
    expect(unanswered.length).toBeLessThan(some.length);
    for (const { post } of unanswered) expect(await post()).toBe(200);
  }
  await expectAll(world, announced);
});

test('what was deleted is gone from the disk, though the server is killed before it could remove it', async () => {
  const world = await openWorld();
  const announced = await Promise.all(
    ['accident.jpg', 'contract.pdf', 'video.mp4'].map((name) => world.announce(name, 'to be deleted')),
  );
  for (const { post } of announced) expect(await post()).toBe(200);
  await expectAll(world, announced);
  const { data } = await world.call('GET', '/api/v1/media');
  await Promise.all(data.map(({ id }: Body) => world.call('DELETE', `/api/v1/media/${id}`)));
  await world.server.kill('SIGKILL');
  await world.start();
  const files = async () =>
    (await readdir(join(world.folder, 'blobs'), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  await expect.poll(files, { timeout: 10_000 }).toEqual([]);
  for (const { id } of data) expect((await world.call('GET', `/api/v1/media/${id}`)).state).toBe('deleted');
});

test('a second server on the same folder refuses to start, and the first is not disturbed', async () => {
  const world = await openWorld();
  const second = startServer(world.folder);
  await expect(second.ready).rejects.toThrow('another mediadock server is running on the data folder');
  expect((await second.exited).code).toBe(1);
  expect(second.stderr.items.join('\n')).not.toMatch(/\bat .*\.ts:\d+/);
  const photo = await world.announce('accident.jpg', 'still served');
  expect(await photo.post()).toBe(200);
  await expectAll(world, [photo]);
});

test('a second server does not disturb the sandbox carrier of the first either', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const first = startServer(folder, { MEDIADOCK_SANDBOX: 'auto' });
  const url = await first.ready;
  // The first run sends a photo of its own, and ends by saying how to stop.
  await first.stdout.next((line) => line.includes('Ctrl-C'), AbortSignal.timeout(20_000));
  const second = startServer(folder, { MEDIADOCK_SANDBOX: 'auto' });
  await expect(second.ready).rejects.toThrow('another mediadock server is running on the data folder');
  const sent = await fetch(`${url}/api/v1/sandbox/messages?caption=again`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'image/jpeg' },
    body: await readFile(fixture('accident.jpg')),
  });
  expect(sent.status).toBe(202);
  await first.log.next((line) => line.msg === 'capture' && line['size'] === 173_971);
  expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

test('asked to stop, a server finishes the download that runs, ends with 0, and delivers after its restart', async () => {
  const world = await openWorld();
  const photo = await world.announce('accident.jpg', 'just in time');
  world.sandbox.fault(photo.media.id, stall, 1);
  expect(await photo.post()).toBe(200);
  await world.sandbox.held(photo.media.id);
  const exited = world.server.kill('SIGTERM');
  await world.server.stdout.next((line) => line.includes('is stopping'));
  world.sandbox.release(photo.media.id);
  expect(await exited).toEqual({ code: 0, signal: null });
  await expect(photo.post()).resolves.toBeNull();
  await world.start();
  await expectAll(world, [photo]);
  const downloads = world.sandbox.requests.filter(({ query }) => query.includes(`mid=${photo.media.id}`));
  expect(downloads).toHaveLength(1);
});

const secretKeys = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'));

/** A gateway under another secret key than the one under which a file waits to be captured. */
async function openUnderAnotherKey() {
  const rig = await startRig({ MEDIADOCK_SECRET_KEY: secretKeys[0] ?? '' });
  onTestFinished(() => rig.close());
  // So that no try is due before the other key is in force.
  rig.clock.hold();
  const tenant = await rig.tenant();
  const { compose } = rig.sandbox;
  const media = await rig.sandbox.keep(tenant.phoneNumberId, { path: fixture('accident.jpg') }, { type: 'image/jpeg' });
  const failing = { is: 'status', status: 500 } as const;
  rig.sandbox.fault(media.id, { at: 'look_up', ...failing });
  rig.sandbox.fault(media.id, { at: 'link', ...failing });
  const message = compose.message(compose.media(media));
  const body = compose.body([compose.received(tenant.phoneNumberId, [message])]);
  expect((await rig.post(body)).status).toBe(200);
  await rig.log.next((line) => line.msg === 'capture' && line['outcome'] === 'retry');
  rig.sandbox.clearFaults();
  rig.config.secretKey = secretKeys[1];
  await rig.restart();
  rig.clock.advance(1000);
  await rig.log.next((line) => line.msg === 'capture' && line['reason'] === 'secrets_unreadable');
  return { rig, tenant, media, message };
}

test('under another secret key nothing crashes or is lost: the channel pauses and says why, and the old key brings all back', async () => {
  const { rig, tenant, media, message } = await openUnderAnotherKey();
  const { body: channel } = await rig.call('GET', `/api/v1/channels/${tenant.channelId}`);
  expect(channel).toMatchObject({ state: 'paused', reason: 'secrets_unreadable' });
  // Nobody can tell whether a webhook is the carrier's: it is not acknowledged, so the carrier will send it again.
  const { compose } = rig.sandbox;
  const later = compose.message(compose.contents.text('sent meanwhile'));
  const laterBody = compose.body([compose.received(tenant.phoneNumberId, [later])]);
  const refused = await rig.post(laterBody);
  expect([refused.status, JSON.parse(refused.body).code]).toEqual([503, 'secrets_unreadable']);
  expect((await rig.call('GET', '/healthz')).status).toBe(200);

  rig.config.secretKey = secretKeys[0];
  await rig.restart();
  // Told without its file before the channel is probed, so that the file follows in an event of its own.
  rig.clock.advance(5 * 60_000);
  await tenant.receiver.next(about(message.id));
  rig.clock.advance(10 * 60_000);
  const delivery = await tenant.receiver.next(about(message.id, 'media.stored'));
  expect(delivery.verified).toBe(true);
  expect(eventOf(delivery).data.media).toMatchObject({ state: 'stored', sha256: media.sha256 });
  expect((await rig.call('GET', `/api/v1/channels/${tenant.channelId}`)).body.state).toBe('active');
  expect((await rig.post(laterBody)).status).toBe(200);
  await tenant.receiver.next(about(later.id));
});

test('when the secret key is lost, the secrets of connection and channel can be given anew, and captures go on', async () => {
  const { rig, tenant, media } = await openUnderAnotherKey();
  const channel = `/api/v1/channels/${tenant.channelId}`;
  const connection = `/api/v1/connections/${rig.connection.id}`;
  const half = await rig.call('PATCH', connection, { app_secret: rig.connection.appSecret });
  expect([half.status, half.body.errors[0].field]).toEqual([400, 'body.verify_token']);
  const { appSecret: app_secret, verifyToken: verify_token } = rig.connection;
  const renewed = await rig.call('PATCH', connection, { app_secret, verify_token });
  expect([renewed.status, renewed.body.graph_url]).toEqual([200, rig.sandbox.origin]);
  expect((await rig.call('PATCH', channel, { access_token: tenant.accessToken })).status).toBe(200);
  rig.clock.advance(1000);
  await rig.log.next((line) => line.msg === 'capture' && line['outcome'] === 'stored');
  const { body } = await rig.call('GET', '/api/v1/media', undefined, tenant.key);
  expect(body.data[0]).toMatchObject({ state: 'stored', sha256: media.sha256 });
  expect((await rig.call('GET', channel)).body.state).toBe('active');
});

test('a server that made its own keys finds them again, and nobody else on the machine can read them', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'mediadock-keys-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const folder = join(parent, 'data');
  const first = startServer(folder, { MEDIADOCK_ADMIN_KEY: '' });
  const url = await first.ready;
  const line = await first.stdout.next((text) => text.includes("administrator's key is"));
  const key = /key is (\S+)/.exec(line)?.[1] ?? '';
  expect((await readFile(join(folder, 'admin.key'), 'utf8')).trim()).toBe(key);
  for (const path of [folder, join(folder, 'admin.key'), join(folder, 'secret.key')]) {
    expect((await stat(path)).mode & 0o077, path).toBe(0);
  }
  const status = async (origin: string) =>
    (await fetch(`${origin}/api/v1/apps`, { headers: { authorization: `Bearer ${key}` } })).status;
  expect(await status(url)).toBe(200);
  await first.kill('SIGKILL');
  const second = startServer(folder, { MEDIADOCK_ADMIN_KEY: '' });
  expect(await status(await second.ready)).toBe(200);
  expect(second.stdout.items.join('\n')).not.toContain(key);
  await second.kill('SIGKILL');
});
