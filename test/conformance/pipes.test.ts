// The checks of Pipes.bot against a whole gateway over real HTTP and WebSockets, its typical clients as programs, and what only
// our own server can be tried for. How its queue behaves when nobody listens stands in test/journeys/sockets.test.ts.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Form, mustFit } from '../../src/conformance/form.ts';
import { type Client, connect, refused as refusedSocket } from '../../src/conformance/pipes/connect.ts';
import { pipesChecks } from '../../src/conformance/pipes.ts';
import { type CheckResult, runChecks, type Target } from '../../src/conformance/target.ts';
import { mediaIdOf } from '../../src/dialects/pipes/ids.ts';
import { somebody } from '../../src/sandbox/compose/person.ts';
import { type Answer, type Body, bytesOf, fixture, type Rig, startRig, type Tenant } from '../journeys/rig.ts';
import { type Golden, golden } from './golden.ts';
import { injectInto } from './inject.ts';

const hour = 3_600_000;
const events = golden('pipes/golden/events.json') as Readonly<Record<'socket' | 'webhook', Golden>>;
const frames = golden('pipes/golden/frames.json');
const errors = golden('pipes/golden/errors.json') as Readonly<Record<string, { status: number; body: Form }>>;
const answers = golden('pipes/golden/answers.json') as {
  download: { status: number; location: Form; seconds: number };
};

let rig: Rig;
/** Hears by webhook and by socket alike. */
let tenant: Tenant;
let client: Client;
let otherKey: string;

async function made(path: string, body: object): Promise<Body> {
  const answer = await rig.call('POST', path, body);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** An app whose socket hears what its webhook hears. */
async function parallelTenant(): Promise<Tenant> {
  const own = await rig.tenant({ dialect: 'pipes', hold_limit_seconds: 60 });
  const path = `/api/v1/apps/${own.appId}/endpoints`;
  const { data } = (await rig.call('GET', path)).body;
  const { id } = data.find(({ transport }: Body) => transport === 'socket');
  const { status, text } = await rig.call('PATCH', `${path}/${id}`, { settings: { parallel: true } });
  expect(status, text).toBe(200);
  return own;
}

beforeAll(async () => {
  rig = await startRig({ MEDIADOCK_RATE_PER_MINUTE: '500', MEDIADOCK_RATE_BURST_PER_SECOND: '0' });
  tenant = await parallelTenant();
  const others = await made('/api/v1/apps', { name: 'Others', dialect: 'pipes' });
  ({ key: otherKey } = await made(`/api/v1/apps/${others.id}/keys`, {}));
  client = await connect({ url: rig.gateway.url, key: tenant.key });
  mustFit(await client.next(), frames['welcome of a user'] ?? null);
});

afterAll(async () => {
  await client?.close();
  await rig?.close();
});

async function results(target: Target): Promise<CheckResult[]> {
  const all: CheckResult[] = [];
  for await (const result of runChecks(pipesChecks, target)) all.push(result);
  return all;
}

test('every check of Pipes.bot passes', async () => {
  const own = await parallelTenant();
  const inject = injectInto(rig, own);
  await inject({ type: 'image/jpeg', body: bytesOf('a photo') });
  const { json } = await own.receiver.next(() => true);
  const { receiver } = own;
  const { now } = rig.clock;
  const began = now();
  const found = await results({
    url: rig.gateway.url,
    key: own.key,
    media: (json as Body).pipes.media.mediaId,
    otherKey,
    inject,
    receiver: { url: receiver.url, next: (fits) => receiver.next(fits) },
    secret: own.secret,
    advance: (ms) => rig.clock.advance(ms),
  });
  expect(found.filter(({ is }) => is !== 'passed')).toEqual([]);
  expect(found).toHaveLength(pipesChecks.length);
  expect(now() - began).toBeGreaterThan(48 * hour);
}, 120_000);

test('what a target does not offer is not run', async () => {
  const found = await results({ url: rig.gateway.url, key: otherKey });
  expect(new Set(found.map(({ is }) => is))).toEqual(new Set(['passed', 'not_run']));
});

const ada = { ...somebody, phone: '393331234567' };

/** What socket and webhook hear next, of what `cause` brings about. */
async function told(cause: () => Promise<unknown>): Promise<{ socket: Body; webhook: Body }> {
  const before = tenant.receiver.received.at(-1)?.number ?? 0;
  await cause();
  const [socket, { json }] = await Promise.all([client.next(), tenant.receiver.next(({ number }) => number > before)]);
  return { socket, webhook: json };
}

type File = { path: string; type?: string; fileName?: string; message?: { url: 'missing' } };
/** Without a link of its own in the webhook, so that the carrier is asked for one. */
const lookedUp = { message: { url: 'missing' } } as const;
const send = (file: File, caption?: string) =>
  rig.send(tenant, [file], { person: ada, ...(caption !== undefined && { caption }) });
const { location, contactCard, reaction, unsupported, text } = contentsOf();

function contentsOf() {
  const compose = () => rig.sandbox.compose;
  const says = (content: (contents: ReturnType<typeof compose>['contents']) => Body) => () => {
    const { received, body, message, contents } = compose();
    return rig.post(body([received(tenant.phoneNumberId, [message(content(contents), { person: ada })])]));
  };
  return {
    text: says((of) => of.text('Is it insured? 🚗')),
    location: says((of) => of.location(48.137, 11.575, 'Marienplatz')),
    contactCard: says((of) => of.contactCard('Ada Lovelace', '+44 20 7946 0000')),
    reaction: (emoji?: string) => says((of) => of.reaction('wamid.HBgLMzkzMzMxMjM0NTY3', emoji)),
    unsupported: says((of) => of.unsupported('poll')),
  };
}

/** By the name of the golden body. */
const happenings: Readonly<Record<string, () => Promise<unknown>>> = {
  text,
  image: () => send({ path: fixture('accident.jpg') }, 'Der Schaden "vorne" \u2028 links'),
  'image without caption': () => send({ path: fixture('label.png') }),
  audio: () => send({ path: fixture('voice.ogg'), type: 'audio/ogg; codecs=opus' }),
  video: () => send({ path: fixture('video.mp4') }, 'Der Hof'),
  document: () => send({ path: fixture('contract.pdf'), fileName: 'contract.pdf' }, 'Unterschrieben'),
  'document whose name is a path': () => send({ path: fixture('contract.pdf'), fileName: '../../x' }),
  sticker: () => send({ path: fixture('sticker-animated.webp') }),
  'image that the carrier did not give'() {
    rig.sandbox.fault('*', { at: 'look_up', is: 'graph_error', code: 131_052 }, 1);
    return send({ path: fixture('accident.jpg'), ...lookedUp });
  },
  location,
  contacts: contactCard,
  reaction: reaction('👍'),
  'reaction that was taken back': reaction(),
  unsupported,
};

describe('each kind of message', () => {
  test.each(Object.entries(events.socket))('%s is told with the golden bodies', async (name, frame) => {
    const happens = happenings[name];
    if (happens === undefined) throw new Error(`nothing brings about ${name}`);
    const { socket, webhook } = await told(happens);
    mustFit(socket, frame);
    mustFit(webhook, events.webhook[name] ?? null);
    expect(webhook.pipes.conversationId).toBe(socket.data.conversationId);
  });
});

const download = (path: string, key: string | null = tenant.key) => rig.call('GET', path, undefined, key);
const sent = async (file: File): Promise<Body> => (await told(() => send(file))).socket.data.media;

async function refused(asked: Promise<Pick<Answer, 'status' | 'body'>>, name: keyof typeof errors & string) {
  const { status, body } = await asked;
  expect(status, name).toBe(errors[name]?.status);
  mustFit(body, errors[name]?.body ?? null, name);
}

test('a download redirects to a link of five minutes', async () => {
  const { downloadUrl } = await sent({ path: fixture('label.png') });
  const { status, headers } = await download(downloadUrl);
  expect(status).toBe(answers.download.status);
  const location = headers.get('location') ?? '';
  mustFit(location, answers.download.location);
  const life = Number(new URL(location).searchParams.get('expires')) - rig.clock.now() / 1000;
  expect(life).toBeLessThanOrEqual(answers.download.seconds);
  expect(life).toBeGreaterThan(answers.download.seconds - 30);
  expect(
    (
      await fetch(rig.gateway.url + downloadUrl, {
        method: 'HEAD',
        redirect: 'manual',
        headers: { authorization: `Bearer ${tenant.key}` },
      })
    ).status,
  ).toBe(302);
});

test('a key that is missing, unknown, revoked, of another account or dialect, or without permission is refused in the golden form', async () => {
  const { downloadUrl } = await sent({ path: fixture('label.png') });
  const keys = `/api/v1/apps/${tenant.appId}/keys`;
  const revoked = await made(keys, { name: 'revoked' });
  expect((await rig.call('DELETE', `${keys}/${revoked.id}`)).status).toBe(204);
  for (const key of [null, 'pk_nobody', revoked.key]) {
    await refused(download(downloadUrl, key), 'key missing, unknown or revoked');
    const { status, json } = await refusedSocket(
      { url: rig.gateway.url, key: '' },
      key === null ? {} : { apiKey: key },
    );
    await refused(Promise.resolve({ status, body: json }), 'key missing, unknown or revoked');
  }
  const mute = await made(keys, { name: 'mute', permissions: ['send'] });
  const native = await made(keys, { name: 'native', dialect: 'native' });
  expect(mute.key).toMatch(/^pk_[A-Za-z0-9_-]{43}$/);
  for (const { key } of [mute, native]) {
    await refused(download(downloadUrl, key), 'a key that may not');
    const { status, json } = await refusedSocket({ url: rig.gateway.url, key }, { apiKey: key });
    await refused(Promise.resolve({ status, body: json }), 'a key that may not');
  }
  await refused(download(downloadUrl, otherKey), 'media of another account');
});

test('what another account has cannot be connected to', async () => {
  const { socket } = await told(text);
  for (const name of ['conversationId', 'poolNumberId']) {
    const query = { apiKey: otherKey, [name]: socket.data[name] };
    const { status, json } = await refusedSocket({ url: rig.gateway.url, key: otherKey }, query);
    await refused(
      Promise.resolve({ status, body: json }),
      'a conversation that is not there or belongs to somebody else',
    );
  }
});

test('a file that was deleted is gone, also behind its link, and one that is not here yet was never there', async () => {
  const { downloadUrl, mediaId } = await sent({ path: fixture('label.png') });
  const location = (await download(downloadUrl)).headers.get('location') ?? '';
  const all: Body[] = (await rig.call('GET', `/api/v1/media?limit=200&app_id=${tenant.appId}`)).body.data;
  const { id } = all.find((one) => mediaIdOf(one.id) === mediaId);
  expect((await rig.call('DELETE', `/api/v1/media/${id}`)).status).toBe(204);
  await refused(download(downloadUrl), 'media older than 48 hours, or deleted');
  rig.clock.advance(2_000);
  expect((await fetch(location)).status).toBe(410);
});

test('a message waits for its file, goes out without it at the limit, and comes again complete', async () => {
  rig.sandbox.fault('*', { at: 'look_up', is: 'status', status: 500 });
  const first = await told(async () => {
    await send({ path: fixture('label.png'), ...lookedUp }, 'late');
    await rig.log.next(({ msg, outcome }) => msg === 'capture' && outcome === 'retry');
    rig.clock.advance(61_000);
  });
  expect(first.socket.data.media).toEqual({ mimeType: 'image/png', byteSize: 0, unavailable: true });
  expect(first.webhook.pipes.media).toEqual(first.socket.data.media);
  const [waiting] = (await rig.call('GET', `/api/v1/media?state=pending&app_id=${tenant.appId}`)).body.data;
  await refused(download(`/v1/media/download/${mediaIdOf(waiting.id)}`), 'media unknown');
  const again = await told(async () => {
    rig.sandbox.clearFaults();
    rig.clock.advance(hour);
  });
  expect(again.socket.data).toMatchObject({ messageId: first.socket.data.messageId, text: 'late' });
  expect((await download(again.socket.data.media.downloadUrl)).status).toBe(302);
});

test('after 48 hours a file is gone, even while its message waits to be told', async () => {
  const own = await rig.tenant({ dialect: 'pipes' });
  expect((await rig.call('DELETE', `/api/v1/apps/${own.appId}/endpoints/${own.endpointId}`)).status).toBe(204);
  const before = new Set(rig.log.lines);
  await injectInto(rig, own)({ type: 'image/png', body: bytesOf('a label') });
  await rig.log.next((line) => line.msg === 'capture' && !before.has(line));
  const [media] = (await rig.call('GET', `/api/v1/media?app_id=${own.appId}`)).body.data;
  const path = `/v1/media/download/${mediaIdOf(media.id)}`;
  rig.clock.advance(48 * hour - 60_000);
  expect((await download(path, own.key)).status).toBe(302);
  rig.clock.advance(61_000);
  await refused(download(path, own.key), 'media older than 48 hours, or deleted');
});

test('what a client asks us to send is answered with a status, and what nobody understands with an error', async () => {
  const { socket } = await told(text);
  const { conversationId, poolNumberId, fromNumber } = socket.data;
  const target = { url: rig.gateway.url, key: tenant.key };
  const narrow = await connect(target, { conversationId });
  mustFit(await narrow.next(), frames['welcome of a conversation'] ?? null);
  const reply = { conversationId, poolNumberId, toNumber: fromNumber, text: 'Yes, it is.' };
  const exchanges = [
    ['reply that cannot be sent', { type: 'whatsapp_reply', data: reply }],
    ['reply that cannot be sent', { type: 'whatsapp_media_reply', data: { ...reply, media: { data: 'eA==' } } }],
    ['reply that is too long', { type: 'whatsapp_reply', data: { ...reply, text: 'x'.repeat(5000) } }],
    [
      'reply to a conversation out of scope',
      { type: 'whatsapp_reply', data: { ...reply, conversationId: conversationId.replace(/.$/, '_') } },
    ],
    ['pong', { type: 'ping' }],
    ['frame that nobody understands', 'hello'],
  ] as const;
  for (const [name, frame] of exchanges) {
    narrow.send(frame);
    const answer: Body = await narrow.next();
    if (name === 'reply to a conversation out of scope') answer.data.conversationId = conversationId;
    mustFit(answer, frames[name] ?? null, name);
  }
  await narrow.close();
});

test('what is not offered says so, and nothing more', async () => {
  const send = (path: string, body: object) => rig.call('POST', path, body, tenant.key);
  for (const path of ['/v1/messages/send', '/v1/messages/app/send', '/v1/messages/passthrough', '/v1/apps/token'])
    await refused(send(path, { conversationId: 'conv_1', text: 'Hello' }), 'not offered');
  await refused(rig.call('GET', '/v1/pool-numbers/pn_1/templates', undefined, tenant.key), 'not offered');
  expect((await rig.call('GET', '/ws', undefined, tenant.key)).status).toBe(426);
});

test('a key that asks too often is told when to come back', async () => {
  const { key } = await made(`/api/v1/apps/${tenant.appId}/keys`, {});
  const asked: Answer[] = [];
  for (let batch = 0; batch < 11 && asked.at(-1)?.status !== 429; batch++) {
    const many = Array.from({ length: 50 }, () => download('/v1/media/download/x', key));
    asked.push(...(await Promise.all(many)));
  }
  const tooMany = asked.find(({ status }) => status === 429);
  mustFit(tooMany?.body, errors['too many requests']?.body ?? null);
  expect(Number(tooMany?.headers.get('retry-after'))).toBeGreaterThan(0);
});

test.each([
  ['Python', 'python3', 'client.py', 'socket'],
  ['curl', 'bash', 'client.sh', 'webhook'],
] as const)('a client with %s follows the redirect to the file', async (_, command, program, way) => {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-pipes-'));
  const path = fileURLToPath(new URL(`pipes/${program}`, import.meta.url));
  for (const name of ['accident.jpg', 'voice.ogg']) {
    const heard = (await told(() => send({ path: fixture(name) })))[way];
    const running = promisify(execFile)(command, [path, rig.gateway.url, tenant.key, folder]);
    running.child.stdin?.end(JSON.stringify(heard));
    const file = join(folder, (await running).stdout.trim());
    expect(await readFile(file)).toEqual(await readFile(fixture(name)));
  }
  await rm(folder, { recursive: true });
});

test('a client with Node hears messages over its socket and fetches their files', async () => {
  const own = await rig.tenant({ dialect: 'pipes' });
  expect((await rig.call('DELETE', `/api/v1/apps/${own.appId}/endpoints/${own.endpointId}`)).status).toBe(204);
  const names = ['contract.pdf', 'label.png'];
  for (const name of names) await rig.send(own, [{ path: fixture(name), fileName: name }], { person: ada });
  // A message waits in its place from the moment its file is here.
  let stored = 0;
  await rig.log.next(
    ({ msg, channel, outcome }) =>
      msg === 'capture' && channel === own.channelId && outcome === 'stored' && ++stored === names.length,
  );
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-pipes-'));
  const program = fileURLToPath(new URL('pipes/client.mjs', import.meta.url));
  const count = String(names.length);
  const { stdout } = await promisify(execFile)(process.execPath, [program, rig.gateway.url, own.key, folder, count]);
  expect(stdout).toMatch(
    /^connected for the whole user\n\+393331234567: contract.pdf\n\+393331234567: msg_\w+\.png\n$/,
  );
  expect(await readFile(join(folder, 'contract.pdf'))).toEqual(await readFile(fixture('contract.pdf')));
  const picture = /msg_\w+\.png/.exec(stdout)?.[0] ?? '';
  expect(await readFile(join(folder, picture))).toEqual(await readFile(fixture('label.png')));
  await rm(folder, { recursive: true });
});

test('a key in the query of a connection stands in no log', () => {
  expect(rig.log.lines.filter(({ msg, path }) => msg === 'socket' && path === '/ws').length).toBeGreaterThan(0);
  expect(JSON.stringify(rig.log.lines)).not.toContain(tenant.key);
});
