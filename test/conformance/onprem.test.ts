// The checks of the On-Premises API against a whole gateway over real HTTP, its typical client as a program, and what only our
// own server can be tried for.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Form, mustFit } from '../../src/conformance/form.ts';
import { onpremChecks } from '../../src/conformance/onprem.ts';
import { type CheckResult, runChecks, type Target } from '../../src/conformance/target.ts';
import { isObject } from '../../src/core/json.ts';
import { uuidOf } from '../../src/dialects/uuid.ts';
import type { Fault } from '../../src/sandbox/fault.ts';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import {
  type Answer,
  attempted,
  type Body,
  exact,
  fixture,
  newestDelivery,
  type Rig,
  say,
  startRig,
  type Tenant,
} from '../journeys/rig.ts';
import { golden } from './golden.ts';
import { injectInto } from './inject.ts';

const hour = 3_600_000;
const day = 24 * hour;
const settings = '/v1/settings/application';
const password = 'Tr0ub4dor&3';

const events = golden('onprem/golden/events.json');
const answers = golden('onprem/golden/answers.json');
const errors = golden('onprem/golden/errors.json') as Readonly<Record<string, { status: number; body: Form }>>;

let rig: Rig;
let tenant: Tenant;
let otherKey: string;
let receiver: Receiver;

async function made(path: string, body: object): Promise<Body> {
  const answer = await rig.call('POST', path, body);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

beforeAll(async () => {
  rig = await startRig({
    MEDIADOCK_RATE_PER_MINUTE: '400',
    MEDIADOCK_RATE_BURST_PER_SECOND: '0',
    MEDIADOCK_UPLOAD_BYTES: '1MiB',
  });
  tenant = await rig.tenant({ dialect: 'onprem' });
  const others = await made('/api/v1/apps', { name: 'Others', dialect: 'onprem' });
  ({ key: otherKey } = await made(`/api/v1/apps/${others.id}/keys`, {}));
  receiver = await startReceiver({ clock: rig.clock });
});

afterAll(async () => {
  await receiver?.close();
  await rig?.close();
});

const asking = (method: string, path: string, body?: unknown, key: string | null = tenant.key) =>
  rig.call(method, path, body, key);

const userOf = async (name: string, { appId }: Pick<Tenant, 'appId'> = tenant): Promise<string> =>
  (await made(`/api/v1/apps/${appId}/users`, { name, password })).id;

/** Logs in as it is done on the wire. @param given what stands in the header after Basic; null: no header */
async function login(given: string | null, { path = '/v1/users/login', body = {} as object } = {}): Promise<Answer> {
  const answer = await fetch(rig.gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(given !== null && { authorization: `Basic ${btoa(given)}` }) },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: JSON.parse(text) };
}

async function expectError(asked: Promise<Answer>, name: string): Promise<void> {
  const wanted = errors[name];
  if (wanted === undefined) throw new Error(`no golden error ${name}`);
  const { status, body, text } = await asked;
  expect(status, `${name}: ${text}`).toBe(wanted.status);
  if (wanted.body === null) expect(text, name).toBe('');
  else mustFit(body, wanted.body, name);
}

async function expectAnswer(asked: Promise<Answer>, status: number, name: string): Promise<Body> {
  const answer = await asked;
  expect(answer.status, answer.text).toBe(status);
  mustFit(answer.body, answers[name] ?? null, name);
  return answer.body;
}

async function results(target: Target): Promise<CheckResult[]> {
  const all: CheckResult[] = [];
  for await (const result of runChecks(onpremChecks, target)) all.push(result);
  return all;
}

const isMessage = (json: unknown) => isObject(json) && json['messages'] !== undefined;
const outcomeIn = (json: unknown): Body => (isObject(json) ? (json as Body).media_items?.[0] : undefined);
const isAbout = (json: unknown, id: string): boolean => {
  const outcome = outcomeIn(json);
  return outcome !== undefined && outcome[outcome.type].id === id;
};

/** The nth outcome that the tenant's callback hears about a file. */
async function outcomeOf(id: string, nth = 1): Promise<Body> {
  let seen = 0;
  return (await tenant.receiver.next(({ json }) => isAbout(json, id) && ++seen === nth)).json;
}

/** What is fetched on arrival by the tenant. */
async function fetchOnArrival(kinds: string[]): Promise<void> {
  expect((await asking('PATCH', settings, { media: { auto_download: kinds } })).status).toBe(200);
}
const allKinds = ['image', 'video', 'voice', 'sticker', 'audio', 'document'];

/** A photo whose webhook has no link of its own: the carrier is asked for one, which may go wrong once in some way. */
async function sendPhoto(fault?: Fault): Promise<{ image: Body; mediaId: string }> {
  if (fault !== undefined) rig.sandbox.fault('*', fault, 1);
  const before = tenant.receiver.received.at(-1)?.number ?? 0;
  const [sent] = await rig.send(tenant, [{ path: fixture('label.png'), message: { url: 'missing' } }]);
  const { json } = await tenant.receiver.next((one) => one.number > before && isMessage(one.json));
  return { image: (json as Body).messages[0].image, mediaId: sent?.media.id ?? '' };
}

const busy = { at: 'look_up', is: 'status', status: 500 } as const;
const gone = { at: 'look_up', is: 'graph_error', code: 131_052 } as const;

/** A photo whose look-up failed once; its capture waits for another try. */
async function sendLatePhoto(): Promise<Body> {
  // Or the next try would come by itself, before what a test asks in between.
  rig.clock.hold();
  const { image } = await sendPhoto(busy);
  await rig.log.next(
    ({ msg, outcome, media }) => msg === 'capture' && outcome === 'retry' && uuidOf(media as 'med_') === image.id,
  );
  return image;
}

const download = (id: string, key?: string) => asking('GET', `/v1/media/${id}/download`, undefined, key);

test('every check of the On-Premises API passes', async () => {
  const own = await rig.tenant({ dialect: 'onprem' });
  await userOf('ada', own);
  const kept = own.receiver.next(({ json }) => isMessage(json));
  await rig.send(own, [{ path: fixture('accident.jpg') }]);
  const { id } = ((await kept).json as Body).messages[0].image;
  expect((await download(id, own.key)).status).toBe(200);
  await own.receiver.next(({ json }) => isAbout(json, id));
  const found = await results({
    url: rig.gateway.url,
    key: own.key,
    media: id,
    otherKey,
    login: { name: 'ada', password },
    inject: injectInto(rig, own),
    receiver: { url: receiver.url, next: (fits) => receiver.next(fits) },
    advance: (ms) => rig.clock.advance(ms),
  });
  expect(found.filter(({ is }) => is !== 'passed')).toEqual([]);
  expect(found).toHaveLength(onpremChecks.length);
}, 120_000);

test('what a target does not offer is not run', async () => {
  const found = await results({ url: rig.gateway.url, key: otherKey });
  expect(new Set(found.map(({ is }) => is))).toEqual(new Set(['passed', 'not_run']));
});

test('every answer has the golden form', async () => {
  const own = await rig.tenant({ dialect: 'onprem' });
  await userOf('grace', own);
  const { users } = await expectAnswer(login(`grace:${password}`), 200, 'logged in');
  const { token } = users[0];
  expect(Date.parse(users[0].expires_after.replace(' ', 'T')) / day).toBeCloseTo(rig.clock.now() / day + 7, 3);
  await expectAnswer(asking('GET', settings, undefined, token), 200, 'settings');
  const later = { media: { auto_download: allKinds }, webhooks: { url: receiver.url } };
  await expectAnswer(asking('PATCH', settings, later, token), 200, 'settings');
  await expectAnswer(asking('DELETE', settings, undefined, token), 200, 'settings reset');
  await expectAnswer(asking('GET', settings, undefined, token), 200, 'settings without an address');
  const upload = await exact(rig.gateway.url, '/v1/media', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'image/png' },
    body: await readFile(fixture('label.png')),
  });
  expect(upload.status).toBe(201);
  mustFit(JSON.parse(upload.text), answers['uploaded'] ?? null);
  const { id } = JSON.parse(upload.text).media[0];
  await expectAnswer(download(id, token), 200, 'download begun');
  await expectAnswer(asking('DELETE', `/v1/media/${id}`, undefined, token), 200, 'deleted');
  await expectAnswer(asking('POST', '/v1/users/logout', undefined, token), 200, 'logged out');
  rig.clock.advance(2_000);
  await expectError(asking('GET', settings, undefined, token), 'ended token');
});

test('every refusal has the golden form', async () => {
  await userOf('hedy');
  await expectError(login(`hedy:${password}x`), 'login with a wrong password');
  await expectError(login(`nobody:${password}`), 'login of somebody unknown');
  await expectError(login('hedy'), 'login without a password');
  await expectError(login(null), 'login without a password');
  await expectError(login(`hedy:${password}`, { body: { new_password: 'N3w-passw0rd' } }), 'login with a new password');
  await expectError(asking('GET', settings, undefined, 'nobody'), 'wrong token');
  await expectError(asking('GET', settings, undefined, null), 'no token');
  const reader = await made(`/api/v1/apps/${tenant.appId}/keys`, { permissions: ['read'] });
  await expectError(asking('GET', settings, undefined, reader.key), 'token that may not');
  await expectError(asking('POST', '/v1/users/logout'), 'logout of an app key');

  const unknown = '/v1/media/0a3f5c1e-7b2d-4c6a-9e8f-1d2c3b4a5f60';
  await expectError(asking('GET', unknown), 'media unknown');
  await expectError(asking('DELETE', unknown), 'media to delete unknown');
  await expectError(asking('GET', `${unknown}/download`), 'download of media unknown');
  const { id } = (await sendPhoto()).image;
  await expectError(asking('GET', `/v1/media/${id}`, undefined, otherKey), 'media of another app');
  await expectError(download(id, otherKey), 'download of media of another app');
  expect((await asking('DELETE', `/v1/media/${id}`)).status).toBe(200);
  await expectError(asking('GET', `/v1/media/${id}`), 'media deleted');
  await expectError(download(id), 'download of media deleted');

  const give = async (headers: Record<string, string>, body?: Uint8Array | string): Promise<Answer> => {
    const all = { authorization: `Bearer ${tenant.key}`, ...headers };
    const got = await exact(rig.gateway.url, '/v1/media', {
      method: 'POST',
      headers: all,
      ...(body !== undefined && { body }),
    });
    return { status: got.status, headers: new Headers(), text: got.text, body: JSON.parse(got.text) };
  };
  await expectError(give({}, 'bytes'), 'upload without a type');
  await expectError(give({ 'content-type': 'multipart/form-data; boundary=x' }, '--x--'), 'upload of a form');
  await expectError(give({ 'content-type': 'image/png', 'content-length': '0' }), 'upload of nothing');
  const large = new Uint8Array(1024 * 1024 + 1);
  await expectError(give({ 'content-type': 'image/png' }, large), 'upload too large');

  await expectError(asking('PATCH', settings, { callback_persist: 'perhaps' }), 'settings with a wrong value');
  await expectError(asking('PATCH', settings, { colour: 'red' }), 'settings with a member unknown');
  const torn = await exact(rig.gateway.url, settings, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
    body: '{"media":',
  });
  expect(torn.status).toBe(400);
  mustFit(JSON.parse(torn.text), errors['settings that are not JSON']?.body ?? null);
  await expectError(asking('POST', '/v1/messages', { to: '393331234567', type: 'text' }), 'sending');
  await expectError(asking('POST', '/v1/users', { username: 'eve', password }), 'sending');
});

test('a name is closed after ten wrong passwords, also for the right one, and others are not', async () => {
  await userOf('ida');
  await userOf('jane');
  for (let times = 0; times < 10; times++) expect((await login('ida:Wr0ng-guess')).status).toBe(401);
  const refused = login(`ida:${password}`);
  await expectError(refused, 'login too often');
  expect(Number((await refused).headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await login(`jane:${password}`)).status).toBe(200);
});

test('a token too many times used is told when to come back', async () => {
  const { key } = await made(`/api/v1/apps/${tenant.appId}/keys`, {});
  const asked: Answer[] = [];
  for (let batch = 0; batch < 9 && asked.at(-1)?.status !== 429; batch++)
    asked.push(...(await Promise.all(Array.from({ length: 50 }, () => asking('GET', settings, undefined, key)))));
  const tooMany = asked.find(({ status }) => status === 429);
  mustFit(tooMany?.body, errors['too many requests']?.body ?? null);
  expect(Number(tooMany?.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('a user who is removed, or gets another password, is logged out everywhere', async () => {
  const id = await userOf('kate');
  const tokenOf = async (given: string) => (await login(`kate:${given}`)).body.users[0].token;
  const first = await tokenOf(password);
  const path = `/api/v1/apps/${tenant.appId}/users/${id}`;
  expect((await rig.call('PATCH', path, { password: 'C0rrect-horse' })).status).toBe(200);
  expect((await login(`kate:${password}`)).status).toBe(401);
  const second = await tokenOf('C0rrect-horse');
  expect((await rig.call('DELETE', path)).status).toBe(204);
  rig.clock.advance(2_000);
  for (const token of [first, second]) await expectError(asking('GET', settings, undefined, token), 'ended token');
});

test('a token sees its own app alone, and works below the path of that app only', async () => {
  await userOf('lise');
  const below = `/a/${tenant.appId}`;
  const { body } = await login(`lise:${password}`, { path: `${below}/v1/users/login` });
  const { token } = body.users[0];
  const { id } = (await sendPhoto()).image;
  await download(id);
  await outcomeOf(id);
  expect((await asking('GET', `${below}/v1/media/${id}`, undefined, token)).status).toBe(200);
  await expectError(asking('GET', `/v1/media/${id}`, undefined, otherKey), 'media of another app');
  await expectError(asking('GET', `${below}${settings}`, undefined, otherKey), 'download of media of another app');
});

test('who has no token is refused in the words of both dialects that share the address', async () => {
  const { status, body } = await asking('GET', '/v1/media/0a3f5c1e-7b2d-4c6a-9e8f-1d2c3b4a5f60', undefined, null);
  expect(status).toBe(401);
  expect(body).toMatchObject({ errors: [{ code: 1005 }], error: { type: 'authentication_error' } });
});

test('a message goes out at once while its file is fetched, and the file is told of when it is here', async () => {
  const image = await sendLatePhoto();
  const wanted = (events['media_items: image, here'] as Body).media_items[0];
  mustFit(image, { ...wanted.image, mime_type: 'image/png', status: 'undownloaded' });
  await expectError(asking('GET', `/v1/media/${image.id}`), 'media not downloaded');
  rig.clock.advance(hour);
  const here = { ...wanted, image: { ...wanted.image, id: image.id, mime_type: 'image/png' } };
  mustFit(await outcomeOf(image.id), { media_items: [here] });
  expect((await asking('GET', `/v1/media/${image.id}`)).status).toBe(200);
});

test('a file that the carrier no longer has is told as such, on arrival and whenever it is asked for', async () => {
  const image = await sendLatePhoto();
  rig.sandbox.fault('*', gone, 1);
  rig.clock.advance(hour);
  const wanted = (events['media_items: image, gone'] as Body).media_items[0];
  mustFit(await outcomeOf(image.id), {
    media_items: [{ ...wanted, image: { ...wanted.image, mime_type: 'image/png' } }],
  });
  const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
  for (const [at, failed_status] of ['downloaded', 'undownloaded'].entries()) {
    expect((await rig.call('PATCH', path, { settings: { failed_status } })).status).toBe(200);
    rig.sandbox.fault('*', gone, 1);
    expect((await download(image.id)).status).toBe(200);
    const outcome = outcomeIn(await outcomeOf(image.id, at + 2));
    expect(outcome).toMatchObject({ image: { status: failed_status }, errors: [{ code: 400 }] });
  }
  // It was a mistake of the carrier's.
  await download(image.id);
  expect(outcomeIn(await outcomeOf(image.id, 4)).errors).toBeUndefined();
});

test('three downloads at once are one fetch and three outcomes', async () => {
  await fetchOnArrival([]);
  const { image, mediaId } = await sendPhoto();
  expect(image.status).toBe('undownloaded');
  const lookUps = () => rig.sandbox.requests.filter(({ path }) => path.endsWith(`/${mediaId}`)).length;
  expect(lookUps()).toBe(0);
  rig.sandbox.fault(mediaId, { at: 'look_up', is: 'stall', when: 'before_headers' }, 1);
  const asked = await Promise.all([download(image.id), download(image.id), download(image.id)]);
  expect(asked.map(({ status }) => status)).toEqual([200, 200, 200]);
  await rig.sandbox.held(mediaId);
  rig.sandbox.release(mediaId);
  for (const nth of [1, 2, 3])
    expect(outcomeIn(await outcomeOf(image.id, nth))).toMatchObject({ image: { status: 'downloaded' } });
  const heard = tenant.receiver.received.filter(({ json }) => isAbout(json, image.id));
  expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
  expect(lookUps()).toBe(1);
  await fetchOnArrival(allKinds);
});

test('only to look at the address of a download begins none', async () => {
  const upload = await exact(rig.gateway.url, '/v1/media', {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'image/jpeg' },
    body: await readFile(fixture('accident.jpg')),
  });
  const { media } = JSON.parse(upload.text);
  const path = `/v1/media/${media[0].id}/download`;
  expect((await asking('GET', path)).status).toBe(200);
  expect((await asking('HEAD', path)).status).toBe(404);
});

test('a file whose time is over is not found, and who asks for it hears that it is gone', async () => {
  const image = await sendLatePhoto();
  rig.clock.advance(hour);
  await outcomeOf(image.id);
  const path = `/api/v1/apps/${tenant.appId}`;
  expect((await rig.call('PATCH', path, { media_retention_seconds: 3_600 })).status).toBe(200);
  rig.clock.advance(2 * hour + 8 * day);
  await expectError(asking('GET', `/v1/media/${image.id}`), 'media not downloaded');
  expect((await download(image.id)).status).toBe(200);
  expect(outcomeIn(await outcomeOf(image.id, 2))).toMatchObject({ errors: [{ code: 400 }] });
  await expectError(asking('DELETE', `/v1/media/${image.id}`), 'media deleted');
  expect((await rig.call('PATCH', path, { media_retention_seconds: null })).status).toBe(200);
});

test('without a word of anybody a file is kept until it is deleted', async () => {
  const { image } = await sendPhoto();
  const all: Body[] = (await rig.call('GET', `/api/v1/media?limit=200&app_id=${tenant.appId}`)).body.data;
  expect(all.find((one) => uuidOf(one.id) === image.id)).toMatchObject({ expires_at: null });
});

test('a callback that is not answered is tried again after growing waits, and without end', async () => {
  const own = await rig.tenant({ dialect: 'onprem' });
  const waits = { callback_backoff_delay_ms: 20_000, max_callback_backoff_delay_ms: 50_000 };
  expect((await asking('PATCH', settings, waits, own.key)).status).toBe(200);
  own.receiver.answer(500);
  await say(rig, own, 'Do you hear me?');
  await own.receiver.next(() => true);
  const { id } = await newestDelivery(rig, own);
  for (const [at, wait] of [20_000, 40_000, 50_000, 50_000, 30 * day].entries()) {
    await attempted(rig, id, at + 1);
    const left = Date.parse((await newestDelivery(rig, own)).due_at) - rig.clock.now();
    expect(left).toBeLessThanOrEqual(Math.min(wait, 50_000));
    expect(left).toBeGreaterThan(Math.min(wait, 50_000) - 10_000);
    rig.clock.advance(wait);
  }
  await attempted(rig, id, 6);
  own.receiver.answer(200);
  rig.clock.advance(50_000);
  const { json } = await own.receiver.next(({ number }) => number === 7);
  expect((json as Body).messages[0].text.body).toBe('Do you hear me?');
});

test('an address is set by the client, moved, and taken away', async () => {
  const own = await rig.tenant({ dialect: 'onprem' });
  const endpoints = async () => (await rig.call('GET', `/api/v1/apps/${own.appId}/endpoints`)).body.data;
  const patch = (webhooks: object) => asking('PATCH', settings, { webhooks }, own.key);
  const [first] = await endpoints();
  expect((await patch({ url: receiver.url })).body.settings.application.webhooks.url).toBe(receiver.url);
  expect(await endpoints()).toMatchObject([{ id: first.id, url: receiver.url }]);
  expect((await patch({ url: null })).body.settings.application.webhooks).not.toHaveProperty('url');
  expect(await endpoints()).toEqual([]);
  await asking('PATCH', settings, { callback_backoff_delay_ms: 7_000 }, own.key);
  expect((await patch({ url: own.receiver.url })).status).toBe(200);
  expect(await endpoints()).toMatchObject([{ dialect: 'onprem', settings: { callback_backoff_delay_ms: 7_000 } }]);
  await expectError(patch({ url: 'http://10.0.0.1/' }), 'settings with a wrong value');
  expect(await endpoints()).toMatchObject([{ url: own.receiver.url }]);
});

test('an upload is answered with 200 where the endpoint is set to it', async () => {
  const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
  const give = () =>
    fetch(`${rig.gateway.url}/v1/media`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'text/plain' },
      body: 'a note',
    });
  for (const upload_status of [200, 201]) {
    expect((await rig.call('PATCH', path, { settings: { upload_status } })).status).toBe(200);
    expect((await give()).status).toBe(upload_status);
  }
});

test('a client logs in, saves what is here, asks for what is not, and waits for media_items', async () => {
  const own = await rig.tenant({ dialect: 'onprem' });
  await userOf('mary', own);
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-onprem-'));
  const program = fileURLToPath(new URL('onprem/client.mjs', import.meta.url));
  const running = spawn(process.execPath, [program, rig.gateway.url, 'mary', password, folder, '3']);
  const ended = once(running, 'exit');
  const [hello] = await once(running.stdout, 'data');
  expect(String(hello)).toBe('listening\n');
  const said = textOf(running.stdout);
  await rig.send(own, [{ path: fixture('accident.jpg') }, { path: fixture('contract.pdf') }]);
  rig.sandbox.fault('*', { at: 'look_up', is: 'graph_error', code: 131_052 }, 1);
  await rig.send(own, [{ path: fixture('voice.ogg'), message: { url: 'missing' } }]);
  expect((await ended)[0]).toBe(0);
  const output = await said;
  expect(output).toMatch(/^saved image /m);
  expect(output).toMatch(/^asked for document .+\n(?:.*\n)*saved document /m);
  expect(output).toMatch(/^no voice .+: Media not found in the datastore\.$/m);
  const names = (await readdir(folder)).sort((a, b) => a.localeCompare(b));
  const saved = await Promise.all(names.map((name) => readFile(join(folder, name))));
  const sent = await Promise.all(['accident.jpg', 'contract.pdf'].map((name) => readFile(fixture(name))));
  expect(saved).toHaveLength(2);
  for (const file of sent) expect(saved.some((one) => one.equals(file))).toBe(true);
  await rm(folder, { recursive: true });
});
