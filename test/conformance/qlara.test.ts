// The checks of Qlara against a whole gateway over real HTTP, its typical client as a program, and what only our own server
// can be tried for.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Form, mustFit } from '../../src/conformance/form.ts';
import { qlaraChecks } from '../../src/conformance/qlara.ts';
import { type CheckResult, runChecks, type Target } from '../../src/conformance/target.ts';
import { isObject } from '../../src/core/json.ts';
import { mediaKeyOf } from '../../src/dialects/qlara/ids.ts';
import { somebody } from '../../src/sandbox/compose/person.ts';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import {
  type Answer,
  attempted,
  type Body,
  fixture,
  newestDelivery,
  type Rig,
  say,
  startRig,
  type Tenant,
} from '../journeys/rig.ts';
import { type Golden, golden } from './golden.ts';
import { injectInto } from './inject.ts';

const hour = 3_600_000;
const day = 24 * hour;
const files = '/api/files';
const library = '/api/partner-gateway/v1/media';
const webhooks = '/api/partner-gateway/v1/webhooks/delivery-status';

const events = golden('qlara/golden/events.json') as Readonly<Record<'nested' | 'flat', Golden>>;
const answers = golden('qlara/golden/answers.json');
const errors = golden('qlara/golden/errors.json') as Readonly<Record<string, { status: number; body: Form }>>;

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
  rig = await startRig({ MEDIADOCK_RATE_PER_MINUTE: '500', MEDIADOCK_RATE_BURST_PER_SECOND: '0' });
  tenant = await rig.tenant({ dialect: 'qlara', hold_limit_seconds: 60 });
  const others = await made('/api/v1/apps', { name: 'Others', dialect: 'qlara' });
  ({ key: otherKey } = await made(`/api/v1/apps/${others.id}/keys`, {}));
  receiver = await startReceiver({ clock: rig.clock });
});

afterAll(async () => {
  await receiver?.close();
  await rig?.close();
});

const asking = (method: string, path: string, body?: unknown, key: string | null = tenant.key) =>
  rig.call(method, path, body, key);

/** What the tenant's callback hears next, of what `cause` brings about; its delivery is over, so that the clock may move. */
async function told(cause: () => Promise<unknown>): Promise<Body> {
  const before = tenant.receiver.received.at(-1)?.number ?? 0;
  await cause();
  const { json } = await tenant.receiver.next(({ number }) => number > before);
  await attempted(rig, (await newestDelivery(rig, tenant)).id, 1);
  return json;
}

const ada = { ...somebody, phone: '393331234567' };
type File = { path: string; type?: string; fileName?: string; message?: { url: 'missing' } };
/** Without a link of its own in the webhook, so that the carrier is asked for one. */
const lookedUp = { message: { url: 'missing' } } as const;
const send = (file: File, caption?: string) =>
  rig.send(tenant, [file], { person: ada, ...(caption !== undefined && { caption }) });
const sent = (file: File, caption?: string): Promise<Body> => told(() => send(file, caption));

async function refused(asked: Promise<Answer>, name: keyof typeof errors & string): Promise<void> {
  const { status, body, text } = await asked;
  expect(status, text).toBe(errors[name]?.status);
  mustFit(body, errors[name]?.body ?? null, name);
}

async function results(target: Target): Promise<CheckResult[]> {
  const all: CheckResult[] = [];
  for await (const result of runChecks(qlaraChecks, target)) all.push(result);
  return all;
}

test('every check of Qlara passes', async () => {
  const own = await rig.tenant({ dialect: 'qlara' });
  const inject = injectInto(rig, own);
  await inject({ type: 'image/jpeg', body: Readable.from([await readFile(fixture('accident.jpg'))]) });
  const { json } = await own.receiver.next(() => true);
  const found = await results({
    url: rig.gateway.url,
    key: own.key,
    media: (json as Body).content.mediaKey,
    otherKey,
    inject,
    receiver: { url: receiver.url, next: (fits) => receiver.next(fits) },
    advance: (ms) => rig.clock.advance(ms),
  });
  expect(found.filter(({ is }) => is !== 'passed')).toEqual([]);
  expect(found).toHaveLength(qlaraChecks.length);
}, 120_000);

test('what a target does not offer is not run', async () => {
  const found = await results({ url: rig.gateway.url, key: otherKey });
  expect(new Set(found.map(({ is }) => is))).toEqual(new Set(['passed', 'not_run']));
});

type Happening = () => Promise<unknown>;

/** By the name of the golden body. */
const happenings: Readonly<Record<string, Happening>> = {
  image: () => send({ path: fixture('accident.jpg') }, 'Der Schaden "vorne" \u2028 links'),
  'image without caption': () => send({ path: fixture('label.png') }),
  document: () => send({ path: fixture('contract.pdf'), fileName: '../../x' }, 'Unterschrieben'),
  audio: () => send({ path: fixture('voice.ogg'), type: 'audio/ogg; codecs=opus' }),
  video: () => send({ path: fixture('video.mp4') }, 'Der Hof'),
  sticker: () => send({ path: fixture('sticker-animated.webp') }),
  'image that the carrier did not give'() {
    rig.sandbox.fault('*', { at: 'look_up', is: 'graph_error', code: 131_052 }, 1);
    return send({ path: fixture('accident.jpg'), ...lookedUp });
  },
  text: () => injectInto(rig, tenant)({ from: ada.phone, text: 'Is it insured? 🚗' }),
};

describe.each(['nested', 'flat'] as const)('in the %s form', (form) => {
  beforeAll(async () => {
    const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
    const { status, text } = await rig.call('PATCH', path, { settings: { form } });
    expect(status, text).toBe(200);
  });
  test.each(Object.entries(events[form]))('%s is told with the golden body', async (name, body) => {
    const happens = happenings[name];
    if (happens === undefined) throw new Error(`nothing brings about ${name}`);
    mustFit(await told(happens), body);
  });
});

test('an unknown setting is refused by its name', async () => {
  const path = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
  for (const settings of [{ form: 'round' }, { extras: 'yes' }, { colour: 'blue' }]) {
    const { status, body } = await rig.call('PATCH', path, { settings });
    expect(status).toBe(400);
    expect(body.errors?.[0]?.field ?? JSON.stringify(body)).toContain(`body.settings.${Object.keys(settings)[0]}`);
  }
  expect((await rig.call('PATCH', path, { settings: { form: 'nested' } })).status).toBe(200);
});

test('every attachment of a message is a request of its own, with an id of its own', async () => {
  const files = await Promise.all(
    ['accident.jpg', 'label.png'].map((name) =>
      rig.sandbox.keep(
        tenant.phoneNumberId,
        { path: fixture(name) },
        { type: name.endsWith('jpg') ? 'image/jpeg' : 'image/png' },
      ),
    ),
  );
  const picked = files.map(({ id, type, sha256 }) => ({
    id,
    mime_type: type,
    sha256: Buffer.from(sha256, 'hex').toString('base64'),
  }));
  const { compose } = rig.sandbox;
  const message = compose.message(compose.contents.flowFiles('photos', picked));
  await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
  const heard = [];
  for (const type of ['image/jpeg', 'image/png']) {
    heard.push(
      await tenant.receiver.next(({ json }) => {
        const body: Body = json;
        return isObject(json) && body.messageId === message.id && body.content.mimeType === type;
      }),
    );
  }
  expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  expect(new Set(heard.map(({ json }) => (json as Body).content.mediaKey)).size).toBe(2);
});

test('what the vendor has no word for is not told, and holds up nothing', async () => {
  const { compose } = rig.sandbox;
  const location = compose.message(compose.contents.location(48.137, 11.575));
  const body = await told(async () => {
    await rig.post(compose.body([compose.received(tenant.phoneNumberId, [location])]));
    await say(rig, tenant, 'Here');
  });
  expect(body.content).toEqual({ type: 'TEXT', text: 'Here' });
});

test('an answer to a media key has the golden form, and the same key gives a new link each time', async () => {
  const { content } = await sent({ path: fixture('accident.jpg') });
  const { status, body } = await asking('GET', `${files}/${content.mediaKey}`);
  expect(status).toBe(200);
  mustFit(body, { ...(answers['file'] as object), fileSize: 173_971 });
  expect(Date.parse(body.expiresAt) - rig.clock.now()).toBeLessThanOrEqual(hour);
  expect(Date.parse(body.expiresAt) - rig.clock.now()).toBeGreaterThan(hour - 60_000);
  rig.clock.advance(5_000);
  expect((await asking('GET', `${files}/${content.mediaKey}`)).body.expiresAt).not.toBe(body.expiresAt);
});

test('a key that is missing, unknown, revoked or without permission is refused in the golden form', async () => {
  const { content } = await sent({ path: fixture('label.png') });
  const path = `${files}/${content.mediaKey}`;
  const keys = `/api/v1/apps/${tenant.appId}/keys`;
  const revoked = await made(keys, { name: 'revoked' });
  expect((await rig.call('DELETE', `${keys}/${revoked.id}`)).status).toBe(204);
  for (const key of [null, 'qlk_live_nobody', revoked.key])
    await refused(asking('GET', path, undefined, key), 'key missing, unknown or revoked');
  const mute = await made(keys, { name: 'mute', permissions: ['send'] });
  const native = await made(keys, { name: 'native', dialect: 'native' });
  for (const { key } of [mute, native]) await refused(asking('GET', path, undefined, key), 'a key that may not');
  const reader = await made(keys, { name: 'reader', permissions: ['read'] });
  expect(reader.key).toMatch(/^qlk_live_/);
  for (const headers of [
    { 'x-api-key': reader.key },
    { 'X-API-KEY': reader.key },
    { authorization: `Basic ${btoa(`${reader.id}:${reader.key}`)}` },
  ]) {
    expect((await fetch(rig.gateway.url + path, { headers })).status).toBe(200);
  }
  await refused(asking('DELETE', webhooks, undefined, reader.key), 'a key that may not');
});

const unfound = 'media unknown, of another account, not there yet or gone';

test('a media key finds nothing for another account, once its file is deleted, and after 30 days', async () => {
  const { content: first } = await sent({ path: fixture('label.png') });
  await refused(asking('GET', `${files}/${first.mediaKey}`, undefined, otherKey), unfound);
  const { url } = (await asking('GET', `${files}/${first.mediaKey}`)).body;
  const all: Body[] = (await rig.call('GET', `/api/v1/media?limit=200&app_id=${tenant.appId}`)).body.data;
  const { id } = all.find((one) => mediaKeyOf(one.id) === first.mediaKey);
  expect((await rig.call('DELETE', `/api/v1/media/${id}`)).status).toBe(204);
  await refused(asking('GET', `${files}/${first.mediaKey}`), unfound);
  rig.clock.advance(2_000);
  expect((await fetch(url)).status).toBe(410);

  const { content: second } = await sent({ path: fixture('label.png') });
  rig.clock.advance(30 * day - hour);
  expect((await asking('GET', `${files}/${second.mediaKey}`)).status).toBe(200);
  rig.clock.advance(2 * hour);
  await refused(asking('GET', `${files}/${second.mediaKey}`), unfound);
});

test('a message waits for its file, goes out without it at the limit, and comes again complete', async () => {
  rig.sandbox.fault('*', { at: 'look_up', is: 'status', status: 500 });
  const first = await told(async () => {
    await send({ path: fixture('label.png'), ...lookedUp }, 'late');
    await rig.log.next(({ msg, outcome }) => msg === 'capture' && outcome === 'retry');
    rig.clock.advance(61_000);
  });
  expect(first.content).toEqual({ type: 'IMAGE', caption: 'late', mimeType: 'image/png' });
  const waiting = (await rig.call('GET', `/api/v1/media?state=pending&app_id=${tenant.appId}`)).body.data;
  expect(waiting).toHaveLength(1);
  await refused(asking('GET', `${files}/${mediaKeyOf(waiting[0].id)}`), unfound);
  const again = await told(async () => {
    rig.sandbox.clearFaults();
    rig.clock.advance(hour);
  });
  expect(again).toMatchObject({
    messageId: first.messageId,
    content: { ...first.content, mediaKey: expect.any(String) },
  });
  expect((await asking('GET', `${files}/${again.content.mediaKey}`)).status).toBe(200);
});

test('the callback is answered in the golden form, and a new one hears what the old one did not take', async () => {
  const { status, body } = await asking('GET', webhooks);
  expect(status).toBe(200);
  mustFit(body, { ...(answers['webhook'] as object), callbackUrl: tenant.receiver.url });
  tenant.receiver.answer(500);
  await told(() => say(rig, tenant, 'Do you hear me?'));
  const moved = await asking('POST', webhooks, { callbackUrl: receiver.url });
  expect(moved.status).toBe(201);
  mustFit(moved.body, { ...(answers['webhook'] as object), callbackUrl: receiver.url });
  rig.clock.advance(10_000);
  const words = (json: unknown) => (isObject(json) ? (json as Body).content?.text : undefined);
  await receiver.next(({ json }) => words(json) === 'Do you hear me?');
  tenant.receiver.answer(200);
  expect((await asking('PUT', webhooks, { callbackUrl: tenant.receiver.url })).status).toBe(200);
});

test('the media library answers in the golden form', async () => {
  const form = new FormData();
  form.append('file', new Blob([await readFile(fixture('label.png'))], { type: 'image/png' }), 'label.png');
  form.append('name', 'Summer menu');
  form.append('description', 'Two pages');
  const headers = { 'x-api-key': tenant.key };
  const answer = await fetch(rig.gateway.url + library, { method: 'POST', headers, body: form });
  expect(answer.status).toBe(201);
  const { size } = await stat(fixture('label.png'));
  const pixels = (value: unknown) => Number.isInteger(value) && Number(value) > 1;
  const shape = { ...(answers['media'] as object), size, width: pixels, height: pixels };
  const item: Body = await answer.json();
  mustFit(item, shape);
  const { body } = await asking('GET', library);
  mustFit(body, { media: [{ ...shape, id: item.mediaId }], page: 0, limit: 10, total: 1 });
  for (const path of [`${library}/${item.mediaId}`, `${library}?mediaId=${item.mediaId}`])
    await refused(asking('DELETE', path, undefined, otherKey), unfound);
  expect((await asking('DELETE', `${library}?mediaId=${item.mediaId}`)).status).toBe(204);
  expect((await asking('GET', library)).body).toMatchObject({ media: [], total: 0 });
});

test('what is not offered says so, and nothing more', async () => {
  const text = { phoneNumber: '+393331234567', message: 'Hello' };
  for (const channel of ['sms', 'rcs', 'whatsapp']) {
    const { status, body } = await asking('POST', `/api/message-server/${channel}/send`, text);
    expect([status, body]).toEqual([501, { status: 'error', message: expect.stringContaining('not available') }]);
  }
  expect((await asking('GET', '/api/partner-gateway/v1/inbox/conversations')).status).toBe(501);
});

test('a key that asks too often is told when to come back', async () => {
  const { key } = await made(`/api/v1/apps/${tenant.appId}/keys`, {});
  const asked: Answer[] = [];
  for (let batch = 0; batch < 11 && asked.at(-1)?.status !== 429; batch++) {
    asked.push(...(await Promise.all(Array.from({ length: 50 }, () => asking('GET', webhooks, undefined, key)))));
  }
  const tooMany = asked.find(({ status }) => status === 429);
  const seconds = (value: unknown) => Number.isInteger(value) && Number(value) > 0;
  mustFit(tooMany?.body, { ...(errors['too many requests']?.body as object), retryAfter: seconds });
  expect(tooMany?.headers.get('x-ratelimit-remaining')).toBe('0');
  expect(asked[0]?.headers.get('x-ratelimit-limit')).toBe('500');
});

test('a client of curl and jq keeps media keys and gets its files after the links died', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-qlara-'));
  const program = fileURLToPath(new URL('qlara/client.sh', import.meta.url));
  const run = async (step: string, input = '') => {
    const running = promisify(execFile)(program, [step, rig.gateway.url, tenant.key, folder]);
    running.child.stdin?.end(input);
    return (await running).stdout;
  };
  const names = ['accident.jpg', 'voice.ogg', 'contract.pdf', 'video.mp4', 'sticker.webp'];
  const keys: string[] = [];
  for (const name of names)
    keys.push((await run('exchange', JSON.stringify(await sent({ path: fixture(name) })))).trim());
  rig.clock.advance(2 * hour);
  const output = await run('download');
  expect(output.match(/the link had expired/g)).toHaveLength(names.length);
  const extensions = ['jpeg', 'ogg', 'pdf', 'mp4', 'webp'];
  for (const [at, name] of names.entries()) {
    expect(await readFile(join(folder, `${keys[at]}.${extensions[at]}`))).toEqual(await readFile(fixture(name)));
  }
  await rm(folder, { recursive: true });
});
