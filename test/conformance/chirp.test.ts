// The checks of Chirp against a whole gateway over real HTTP, its typical client as a program, and what only our own server
// can be tried for.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chirpChecks } from '../../src/conformance/chirp.ts';
import { type Form, mustFit } from '../../src/conformance/form.ts';
import { type CheckResult, runChecks, type Target } from '../../src/conformance/target.ts';
import { isObject } from '../../src/core/json.ts';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import {
  type Answer,
  attempted,
  type Body,
  fixture,
  newestDelivery,
  type Rig,
  startRig,
  type Tenant,
} from '../journeys/rig.ts';
import { golden } from './golden.ts';
import { injectInto } from './inject.ts';

const minute = 60_000;
const hour = 60 * minute;

const answers = golden('chirp/golden/answers.json');
const errors = golden('chirp/golden/errors.json') as Readonly<Record<string, { status: number; body: Form }>>;

let rig: Rig;
let tenant: Tenant;
let organizationKey: string;
let testKey: string;
let otherKey: string;
let receiver: Receiver;

async function made(path: string, body: object): Promise<Body> {
  const answer = await rig.call('POST', path, body);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

beforeAll(async () => {
  rig = await startRig({ MEDIADOCK_RATE_PER_MINUTE: '400', MEDIADOCK_RATE_BURST_PER_SECOND: '0' });
  const organization = await made('/api/v1/organizations', { name: 'Acme' });
  tenant = await rig.tenant({ dialect: 'chirp', organization_id: organization.id, hold_limit_seconds: 60 });
  const others = await made('/api/v1/apps', { name: 'Others', dialect: 'chirp' });
  ({ key: otherKey } = await made(`/api/v1/apps/${others.id}/keys`, {}));
  ({ key: testKey } = await made(`/api/v1/apps/${tenant.appId}/keys`, { mode: 'test' }));
  ({ key: organizationKey } = await made(`/api/v1/organizations/${organization.id}/keys`, { dialect: 'chirp' }));
  receiver = await startReceiver({ clock: rig.clock });
});

afterAll(async () => {
  await receiver?.close();
  await rig?.close();
});

/** A file sent to the tenant, and the message of the webhook that told it. */
async function sent(file: { path: string; fileName?: string }): Promise<Body> {
  const before = tenant.receiver.received.length;
  await rig.send(tenant, [file]);
  const { json } = await tenant.receiver.next(({ number }) => number > before);
  return messageIn(json);
}

async function resultsOf(target: Target): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for await (const result of runChecks(chirpChecks, target)) results.push(result);
  return results;
}

const messageIn = (json: unknown): Body => {
  const data = isObject(json) ? json['data'] : undefined;
  return isObject(data) ? data['message'] : undefined;
};

const asking = (method: string, path: string, body?: unknown, key: string | null = tenant.key) =>
  rig.call(method, path, body, key);

test('keys show by their beginning what they are', () => {
  expect(tenant.key).toMatch(/^sk_live_app_/);
  expect(testKey).toMatch(/^sk_test_app_/);
  expect(organizationKey).toMatch(/^sk_admin_/);
});

test('every check of Chirp passes', async () => {
  const { mediaId } = await sent({ path: fixture('accident.jpg') });
  const target: Target = {
    url: rig.gateway.url,
    key: tenant.key,
    media: mediaId,
    otherKey,
    testKey,
    organizationKey,
    inject: injectInto(rig, tenant),
    receiver: { url: receiver.url, next: (fits) => receiver.next(fits) },
    advance: (ms) => rig.clock.advance(ms),
  };
  const results = await resultsOf(target);
  expect(results.filter(({ is }) => is !== 'passed')).toEqual([]);
  expect(results).toHaveLength(chirpChecks.length);
}, 120_000);

test('what a target does not offer is not run', async () => {
  const target: Target = { url: rig.gateway.url, key: tenant.key };
  const results = await resultsOf(target);
  expect(results.filter(({ is }) => is === 'failed')).toEqual([]);
  expect(results.filter(({ is }) => is === 'not_run').length).toBeGreaterThan(10);
});

/** Asks, and holds the answer against a golden one. @returns its body */
async function expectAnswer(asked: Promise<Answer>, status: number, name: string, more: object = {}): Promise<Body> {
  const { status: given, body } = await asked;
  expect(given, JSON.stringify(body)).toBe(status);
  mustFit(body, { ...(answers[name] as object), ...more }, name);
  return body;
}

async function expectError(asked: Promise<Answer>, name: keyof typeof errors & string): Promise<void> {
  const wanted = errors[name];
  if (wanted === undefined) throw new Error(`no golden error ${name}`);
  const { status, body } = await asked;
  expect(status, name).toBe(wanted.status);
  mustFit(body, wanted.body, name);
}

test('every answer has the golden form', async () => {
  const acme = await made('/api/v1/organizations', { name: 'Acme' });
  const { key: admin } = await made(`/api/v1/organizations/${acme.id}/keys`, { dialect: 'chirp' });
  await expectAnswer(asking('GET', '/v1/organization', undefined, admin), 200, 'organization');
  const order = { slug: 'claims', name: 'Claims' };
  const { id: appId } = await expectAnswer(asking('POST', '/v1/organization/apps', order, admin), 201, 'app');
  await expectAnswer(asking('GET', '/v1/organization/apps', undefined, admin), 200, 'apps');
  const keys = '/v1/organization/app-keys';
  const live = await expectAnswer(asking('POST', keys, { name: 'Production', appId }, admin), 201, 'app key');
  const testId = appId.replace('app_', 'app_test_');
  const trial = await expectAnswer(asking('POST', keys, { name: 'CI', appId: testId }, admin), 201, 'test app key');

  const webhook = {
    url: 'https://example.com/webhook',
    events: ['messages.sms.received', 'messages.whatsapp.received'],
    headers: { 'X-Custom-Header': 'value' },
  };
  const { id } = await expectAnswer(asking('POST', '/v1/webhooks', webhook, live.key), 201, 'webhook, just made');
  await expectAnswer(asking('GET', `/v1/webhooks/${id}`, undefined, live.key), 200, 'webhook');
  await expectAnswer(asking('GET', '/v1/webhooks', undefined, live.key), 200, 'webhooks');
  const sameId = id.replace('whk_', 'whk_test_');
  await expectAnswer(asking('GET', `/v1/webhooks/${sameId}`, undefined, trial.key), 200, 'webhook of a test key');

  for (const family of ['whatsapp', 'sms']) {
    const text = { from: '+393331234567', to: '+15550783801', text: 'Hello' };
    const asked = asking('POST', `/v1/playground/${family}/inbound`, text, trial.key);
    await expectAnswer(asked, 202, `simulated ${family}`);
  }
  const { mediaId } = await sent({ path: fixture('accident.jpg') });
  await expectAnswer(asking('GET', `/v1/media/${mediaId}`), 200, 'media', {
    fileSize: 173_971,
    filename: 'accident.jpg',
  });
});

test('every error has the golden form', async () => {
  const webhooks = '/v1/webhooks';
  const media = '/v1/media/med_2nXmQ0pVb7cTzK4dR9sWy1LgHfA';
  const url = 'https://example.com/webhook';
  const events = ['messages.sms.received', 'messages.pigeon.received'];
  const text = { from: 'somebody', to: '+15550783801', text: 'Hello' };
  await expectError(asking('POST', webhooks, { events: ['messages.sms.received'] }), '400 a member is missing');
  await expectError(asking('POST', webhooks, { url, events }), '400 an event is unknown');
  await expectError(asking('POST', '/v1/playground/sms/inbound', text, testKey), '400 not a phone number');
  const days = asking('PUT', '/v1/organization', { mediaRetentionDays: 0 }, organizationKey);
  await expectError(days, '400 days out of range');
  // Not at the address of media, which belongs to two dialects: who has no key is refused there in the words of both.
  await expectError(asking('GET', webhooks, undefined, 'sk_live_app_nobody'), '401 unknown key');
  await expectError(asking('GET', webhooks, undefined, null), '401 no key');
  await expectError(asking('GET', media, undefined, organizationKey), "403 admin key at an app's address");
  await expectError(asking('GET', '/v1/organization'), "403 app key at the organization's address");
  await expectError(asking('POST', '/v1/playground/sms/inbound', text), '403 live key in the playground');
  await expectError(asking('GET', media), '404 media');
  await expectError(asking('GET', `${webhooks}/whk_x`), '404 webhook');
  await expectError(asking('POST', '/v1/sms', { ...text, to: [text.to] }), '409 sending');
  await expectError(asking('POST', '/v1/whatsapp/messages', { type: 'text' }), '409 sending');

  const torn = await fetch(rig.gateway.url + webhooks, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
    body: '{"url":',
  });
  expect(torn.status).toBe(400);
  mustFit(await torn.json(), errors['400 not JSON']?.body ?? null);
});

test('a key that asks too often is told when to come back', async () => {
  const { key } = await made(`/api/v1/apps/${tenant.appId}/keys`, {});
  const asked: Answer[] = [];
  for (let batch = 0; batch < 9 && asked.at(-1)?.status !== 429; batch++) {
    asked.push(...(await Promise.all(Array.from({ length: 50 }, () => asking('GET', '/v1/webhooks', undefined, key)))));
  }
  const refused = asked.find(({ status }) => status === 429);
  expect(refused?.body).toEqual({ error: expect.stringMatching(/\b\d+ seconds\b/) });
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused?.headers.get('x-ratelimit-remaining')).toBe('0');
  expect(Number(refused?.headers.get('x-ratelimit-reset'))).toBeGreaterThan(rig.clock.now() / 1000 - 1);
});

test('a message waits for its file, goes out without it at the limit, and comes again complete', async () => {
  for (const at of ['look_up', 'link'] as const) rig.sandbox.fault('*', { at, is: 'status', status: 500 });
  const before = tenant.receiver.received.length;
  await rig.send(tenant, [{ path: fixture('label.png') }], { caption: 'late' });
  await rig.log.next(({ msg, outcome }) => msg === 'capture' && outcome === 'retry');
  rig.clock.advance(61_000);
  const first = messageIn((await tenant.receiver.next(({ number }) => number > before)).json);
  expect(first).toMatchObject({ type: 'image', text: 'late', mediaUrl: null, media: { url: null } });
  await expectError(asking('GET', `/v1/media/${first.mediaId}`), '409 media that is still being fetched');

  rig.sandbox.clearFaults();
  rig.clock.advance(hour);
  const { json } = await tenant.receiver.next(({ number }) => number > before + 1);
  const again = messageIn(json);
  expect(again).toMatchObject({ id: first.id, mediaId: first.mediaId, media: { mimeType: 'image/png' } });
  expect((await fetch(again.mediaUrl)).status).toBe(200);
  expect((await asking('GET', `/v1/media/${first.mediaId}`)).status).toBe(200);
});

test('a file that the carrier will not give is told without a link, and its id finds nothing', async () => {
  rig.sandbox.fault('*', { at: 'link', is: 'dead_link' }, 1);
  rig.sandbox.fault('*', { at: 'look_up', is: 'graph_error', code: 131_052 }, 1);
  const message = await sent({ path: fixture('label.png') });
  expect(message).toMatchObject({ type: 'image', mediaUrl: null, mediaId: expect.stringMatching(/^med_/) });
  await expectError(asking('GET', `/v1/media/${message.mediaId}`), '404 media');
});

test('a deleted file is not found, and its link is dead', async () => {
  const message = await sent({ path: fixture('label.png') });
  expect((await rig.call('DELETE', `/api/v1/media/${message.mediaId}`)).status).toBe(204);
  await expectError(asking('GET', `/v1/media/${message.mediaId}`), '404 media');
  rig.clock.advance(2_000);
  expect((await fetch(message.mediaUrl)).status).toBe(410);
});

test('each sending of a webhook carries a link that lives for an hour from then', async () => {
  const before = tenant.receiver.received.length;
  tenant.receiver.answer(({ number }) => (number === before + 1 ? 500 : 200));
  const first = await sent({ path: fixture('label.png') });
  await attempted(rig, (await newestDelivery(rig, tenant)).id, 1);
  rig.clock.advance(12_000);
  const { json } = await tenant.receiver.next(({ number }) => number > before + 1);
  const second = messageIn(json);
  expect(second.id).toBe(first.id);
  const expires = ({ mediaUrl }: Body) => Number(new URL(mediaUrl).searchParams.get('expires'));
  expect(expires(second)).toBeGreaterThan(expires(first));
  tenant.receiver.answer(200);
});

test('a client that keeps only the media id gets its file after the link died', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-chirp-'));
  const program = fileURLToPath(new URL('chirp/client.mjs', import.meta.url));
  const notes = join(folder, 'notes.jsonl');
  const listening = spawn(process.execPath, [program, 'listen', rig.gateway.url, tenant.key, '0', notes]);
  const ended = once(listening, 'exit');
  const [hello] = await once(listening.stdout, 'data');
  expect(String(hello)).toMatch(/^listening as whk_/);
  await sent({ path: fixture('accident.jpg') });
  expect((await ended)[0]).toBe(0);

  rig.clock.advance(2 * hour);
  const files = join(folder, 'files');
  await mkdir(files);
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    'fetch',
    rig.gateway.url,
    tenant.key,
    notes,
    files,
  ]);
  expect(stdout).toMatch(/the first link: 403/);
  const [name, ...others] = await readdir(files);
  expect(others).toEqual([]);
  expect(name).toMatch(/^msg_wa_.+\.jpeg$/);
  expect(await readFile(join(files, name ?? ''))).toEqual(await readFile(fixture('accident.jpg')));
  await rm(folder, { recursive: true });
});
