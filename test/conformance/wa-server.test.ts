// The checks of wa-server against a whole gateway over real HTTP, its typical client as a program, and what only our own
// server can be tried for.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Form, mustFit } from '../../src/conformance/form.ts';
import { runChecks, type Target } from '../../src/conformance/target.ts';
import { waServerChecks } from '../../src/conformance/wa-server.ts';
import type { Received } from '../../src/sandbox/receiver.ts';
import { announce } from '../journeys/announced.ts';
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

const second = 1000;
const minute = 60 * second;
const day = 24 * 60 * minute;

const answers = golden('wa-server/golden/answers.json');
const errors = golden('wa-server/golden/errors.json') as Readonly<Record<string, { status: number; body: Form }>>;

let rig: Rig;
let tenant: Tenant;
let others: Tenant;

beforeAll(async () => {
  rig = await startRig({ MEDIADOCK_RATE_PER_MINUTE: '400', MEDIADOCK_RATE_BURST_PER_SECOND: '0' });
  tenant = await rig.tenant({ dialect: 'wa-server' });
  others = await rig.tenant({ dialect: 'wa-server' });
});

afterAll(() => rig?.close());

const asking = (method: string, path: string, body?: unknown, key: string | null = tenant.key) =>
  rig.call(method, path, body, key);

/** The file behind a path, as a client asks for it. */
const getMedia = (path: string, { key = tenant.key, headers = {}, method = 'GET' } = {}): Promise<Response> =>
  fetch(`${rig.gateway.url}/media?path=${encodeURIComponent(path)}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...headers },
  });

type Heard = Received & { json: Body };

/** The next webhook to a tenant that fits, of those that come while `doing` runs or after it. */
async function heardAfter(doing: () => Promise<unknown>, fits = (_: Body) => true, by = tenant): Promise<Heard> {
  const before = by.receiver.received.length;
  await doing();
  return (await by.receiver.next(({ number, json }) => number > before && fits(json))) as Heard;
}

const sent = (file: { path: string; fileName?: string }, by = tenant): Promise<Heard> =>
  heardAfter(
    () => rig.send(by, [file]),
    ({ event }) => event === 'message',
    by,
  );

/** Resolves when the delivery that was laid out last is over for the gateway too. */
async function newestIsDelivered(): Promise<void> {
  const { id } = await newestDelivery(rig, tenant);
  await rig.log.next(({ msg, delivery, outcome }) => msg === 'delivery' && delivery === id && outcome === 'delivered');
}

async function expectError(asked: Promise<Answer>, name: string): Promise<void> {
  const wanted = errors[name];
  if (wanted === undefined) throw new Error(`no golden error ${name}`);
  const { status, body } = await asked;
  expect(status, name).toBe(wanted.status);
  mustFit(body, wanted.body, name);
}

const mediaError = async (path: string, key = tenant.key) =>
  asking('GET', `/media?path=${encodeURIComponent(path)}`, undefined, key);

test('every check of wa-server passes', async () => {
  const { json } = await sent({ path: fixture('accident.jpg') });
  const target: Target = {
    url: rig.gateway.url,
    key: tenant.key,
    media: json.payload.media_path,
    otherKey: others.key,
    secret: tenant.secret,
    inject: injectInto(rig, tenant),
    receiver: { url: tenant.receiver.url, next: (fits) => tenant.receiver.next(fits) },
    advance: (ms) => rig.clock.advance(ms),
  };
  const results = await Array.fromAsync(runChecks(waServerChecks, target));
  expect(results.filter(({ is }) => is !== 'passed')).toEqual([]);
  expect(results).toHaveLength(waServerChecks.length);
}, 120_000);

test('what a target does not offer is not run', async () => {
  const target: Target = { url: rig.gateway.url, key: tenant.key };
  const results = await Array.fromAsync(runChecks(waServerChecks, target));
  expect(new Set(results.map(({ is }) => is))).toEqual(new Set(['passed', 'not_run']));
});

test('every answer about devices has the golden form', async () => {
  const desk = await rig.tenant({ dialect: 'wa-server' });
  const ask = (method: string, path: string, body?: object) => asking(method, path, body, desk.key);
  const made = await ask('POST', '/devices', { device_name: 'Front desk' });
  expect(made.status).toBe(201);
  mustFit(made.body, answers['device without a number'] ?? null);
  const { devices } = (await ask('GET', '/devices')).body;
  const own = { device_name: `+${desk.display}`, wa_number: desk.display, wa_device_jid: /@s\.whatsapp\.net$/ };
  mustFit(devices, [{ ...(answers['device'] as object), ...own }, answers['device without a number'] ?? null]);
  for (const device of devices) {
    expect((await ask('GET', `/devices/${device.device_id.toUpperCase()}`)).body).toEqual(device);
    const gone = await ask('DELETE', `/devices/${device.device_id}`);
    expect(gone.status).toBe(200);
    mustFit(gone.body, answers['device destroyed'] ?? null);
  }
  expect((await ask('GET', '/devices')).body).toEqual({ devices: [] });
});

test('every error has the golden form', async () => {
  const { json } = await sent({ path: fixture('label.png') });
  const path: string = json.payload.media_path;
  const device = `/devices/${json.device_id}`;
  await expectError(asking('GET', '/media'), '400 no path');
  await expectError(mediaError('../../etc/passwd'), '400 a path that climbs');
  await expectError(mediaError('accident.jpg'), '400 a path of another form');
  await expectError(asking('GET', '/devices/7'), '400 not a UUID');
  await expectError(asking('POST', '/devices', {}), '400 no name');
  await expectError(asking('GET', '/devices', undefined, null), '401 no key');
  await expectError(asking('GET', '/devices', undefined, 'nobody'), '401 unknown key');
  await expectError(mediaError(path, others.key), "403 another app's file");
  await expectError(mediaError(path.replace(/[0-9A-F]{32}/, 'F'.repeat(32))), '404 no such file');
  await expectError(asking('GET', '/devices/3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b'), '404 no such device');
  await expectError(asking('GET', '/devices/3f2b8c1e-5d4a-1e6f-9a7b-0c1d2e3f4a5b'), '404 no such device');
  await expectError(asking('POST', '/devices', { device_name: `+${tenant.display}` }), '409 the name is in use');
  for (const [method, below] of [
    ['POST', 'qr'],
    ['POST', 'disconnect'],
    ['POST', 'messages'],
    ['GET', 'messages'],
    ['GET', 'groups'],
    ['GET', 'profile'],
    ['GET', 'presence'],
  ] as const) {
    const body = method === 'POST' ? { to: '393331234567' } : undefined;
    await expectError(asking(method, `${device}/${below}`, body), '409 not offered');
    await expectError(
      asking(method, `/devices/3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b/${below}`, body),
      '404 no such device',
    );
  }
  const { body: made } = await asking('POST', '/devices', { device_name: 'Short' });
  expect((await asking('POST', `/devices/${made.device_id}/destroy`)).status).toBe(200);
  await expectError(asking('DELETE', `/devices/${made.device_id}`), '410 destroyed before');
  await expectError(asking('POST', `/devices/${made.device_id}/qr`, {}), '410 destroyed before');
  await expectError(asking('POST', '/devices', { device_name: 'x'.repeat(2_000_000) }), '413 too large');

  const reader = await rig.call('POST', `/api/v1/apps/${tenant.appId}/keys`, { permissions: ['read'] });
  await expectError(asking('POST', '/devices', { device_name: 'Desk' }, reader.body.key), '403 a key that may not');
  const torn = await fetch(`${rig.gateway.url}/devices`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
    body: '{"device_name":',
  });
  expect(torn.status).toBe(400);
  mustFit(await torn.json(), errors['400 not JSON']?.body ?? null);
});

test('a key that asks too often is told when to come back', async () => {
  const { body } = await rig.call('POST', `/api/v1/apps/${tenant.appId}/keys`, {});
  expect(body.key).toMatch(/^wa_live_/);
  const asked: Answer[] = [];
  for (let batch = 0; batch < 9 && asked.at(-1)?.status !== 429; batch++) {
    const many = Array.from({ length: 50 }, () => asking('GET', '/devices/7', undefined, body.key));
    asked.push(...(await Promise.all(many)));
  }
  const refused = asked.find(({ status }) => status === 429);
  mustFit(refused?.body, errors['429 too often']?.body ?? null);
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused?.headers.get('x-ratelimit-remaining')).toBe('0');
});

test('a file may be asked for in pieces, by its head alone, and again only if it changed', async () => {
  const { json } = await sent({ path: fixture('contract.pdf'), fileName: '../../Vertrag "neu".pdf' });
  const path: string = json.payload.media_path;
  const whole = await readFile(fixture('contract.pdf'));
  const head = await getMedia(path, { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(head.headers.get('content-length')).toBe(String(whole.length));
  expect(head.headers.get('content-type')).toBe('application/pdf');
  expect(head.headers.get('content-disposition')).toMatch(/^inline; filename="Vertrag neu\.pdf"/);
  const piece = await getMedia(path, { headers: { range: 'bytes=10-19' } });
  expect(piece.status).toBe(206);
  expect(Buffer.from(await piece.arrayBuffer())).toEqual(whole.subarray(10, 20));
  const etag = head.headers.get('etag') ?? '';
  expect((await getMedia(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
});

test('types that the vendor does not know are octets, until the endpoint is set to tell them', async () => {
  const wide = await rig.tenant({ dialect: 'wa-server' });
  const endpoint = `/api/v1/apps/${wide.appId}/endpoints/${wide.endpointId}`;
  const paths = new Map<string, string>();
  for (const name of ['voice.m4a', 'claim.docx', 'page.html', 'voice.ogg'])
    paths.set(name, (await sent({ path: fixture(name) }, wide)).json.payload.media_path);
  const typeOf = async (name: string) => {
    const { headers } = await getMedia(paths.get(name) ?? '', { key: wide.key });
    return [headers.get('content-type'), headers.get('content-disposition')?.split(';')[0]];
  };
  const octets = 'application/octet-stream';
  expect(await typeOf('voice.m4a')).toEqual([octets, 'inline']);
  expect(await typeOf('claim.docx')).toEqual([octets, 'inline']);
  expect(await typeOf('page.html')).toEqual([octets, 'attachment']);
  expect(await typeOf('voice.ogg')).toEqual(['audio/ogg', 'inline']);
  const refused = await rig.call('PATCH', endpoint, { settings: { types: 'all' } });
  expect(refused.status).toBe(400);
  expect((await rig.call('PATCH', endpoint, { settings: { types: 'wide' } })).status).toBe(200);
  expect(await typeOf('voice.m4a')).toEqual(['audio/mp4', 'inline']);
  expect((await typeOf('claim.docx'))[0]).toMatch(/wordprocessingml/);
  expect(await typeOf('page.html')).toEqual(['text/html', 'attachment']);
});

test('a message goes out without its file after a while, and is told again with it under a new request id', async () => {
  const fault = { at: 'look_up', is: 'status', status: 500 } as const;
  const faults = [{ fault, times: Number.POSITIVE_INFINITY }];
  const file = await announce(rig, tenant, { faults, says: { url: 'missing', caption: 'late' } });
  await file.try(1);
  const isIt = ({ payload }: Body) => payload.message_id === file.messageId;
  const first = await heardAfter(async () => rig.clock.advance(6 * minute), isIt);
  expect(first.json).toMatchObject({ event: 'message', payload: { type: 'image', caption: 'late' } });
  expect(first.json.payload).not.toHaveProperty('media_path');
  await newestIsDelivered();

  rig.sandbox.clearFaults();
  const { json } = await heardAfter(async () => {
    // A try that was running fails, or is stale because the clock moved past its lease; then another is under way already.
    for (let last = file.tries().at(-1); last?.['outcome'] !== 'stored'; ) {
      const known = file.tries().length;
      if (last?.['outcome'] === 'retry') rig.clock.advance(60 * minute);
      last = await file.try(known + 1);
    }
  }, isIt);
  expect(json).toMatchObject({ event: 'message', device_id: first.json.device_id, payload: { caption: 'late' } });
  expect(json.request_id).not.toBe(first.json.request_id);
  expect((await getMedia(json.payload.media_path)).status).toBe(200);
});

test('a file that the carrier will not give is told without a path', async () => {
  const faults = [{ fault: { at: 'look_up', is: 'graph_error', code: 131_052 } as const }];
  const file = await announce(rig, tenant, { faults, says: { url: 'missing' } });
  const { json } = await tenant.receiver.next((heard) => (heard.json as Body).payload.message_id === file.messageId);
  const { payload } = json as Body;
  expect(payload).toMatchObject({ type: 'image', mime_type: 'image/png' });
  expect(payload).not.toHaveProperty('media_path');
});

test('a retry is the same request, ten seconds later', async () => {
  const before = tenant.receiver.received.length;
  tenant.receiver.answer(({ number }) => (number === before + 1 ? 500 : 200));
  const first = await sent({ path: fixture('label.png') });
  await attempted(rig, (await newestDelivery(rig, tenant)).id, 1);
  const again = await heardAfter(async () => rig.clock.advance(10 * second));
  expect(again.json.request_id).toBe(first.json.request_id);
  expect(again.headers['x-wa-request-id']).toBe(first.json.request_id);
  expect(Buffer.from(again.body)).toEqual(Buffer.from(first.body));
  tenant.receiver.answer(200);
});

test('the signature stands in the header that is set, beside those of Standard Webhooks', async () => {
  const endpoint = `/api/v1/apps/${others.appId}/endpoints/${others.endpointId}`;
  const changed = await rig.call('PATCH', endpoint, { settings: { signature_header: 'X-Hub-Signature-256' } });
  expect(changed.status).toBe(200);
  const heard = await sent({ path: fixture('label.png') }, others);
  expect(heard.headers['x-hub-signature-256']).toMatch(/^sha256=[0-9a-f]{64}$/);
  expect(heard.headers).not.toHaveProperty('x-wa-signature');
  expect(heard.verified).toBe(true);
});

test("no path leads to another app's file", async () => {
  const [mine, theirs] = [
    await sent({ path: fixture('label.png') }),
    await sent({ path: fixture('label.png') }, others),
  ];
  const [app, device, digits] = [/^media\/[^/]+/, /(?<=\/)[0-9a-f-]{36}(?=-)/, /[0-9A-F]{32}/];
  const path: string = mine.json.payload.media_path;
  const other: string = theirs.json.payload.media_path;
  const part = (form: RegExp) => form.exec(other)?.[0] ?? '';
  for (const crossed of [other, path.replace(app, part(app)), path.replace(digits, part(digits))])
    await expectError(mediaError(crossed), "403 another app's file");
  await expectError(mediaError(path.replace(device, part(device))), '404 no such file');
  for (const method of ['GET', 'DELETE'])
    await expectError(asking(method, `/devices/${theirs.json.device_id}`), '404 no such device');
  expect((await getMedia(path)).status).toBe(200);
  expect((await getMedia(other, { key: others.key })).status).toBe(200);
});

test('a file that was deleted is not found', async () => {
  const { json } = await sent({ path: fixture('label.png') });
  const { body } = await rig.call('GET', '/api/v1/media?limit=1', undefined, tenant.key);
  expect((await rig.call('DELETE', `/api/v1/media/${body.data[0].id}`)).status).toBe(204);
  await expectError(mediaError(json.payload.media_path), '404 a file whose time is over');
});

test('a device that a client makes gets its line from the operator, and takes its files with it', async () => {
  const { body: made } = await asking('POST', '/devices', { device_name: 'Claims' });
  const [phoneNumberId, display, access_token] = ['106540352249999', '15550789999', 'EAAG-of-claims'];
  const { appSecret, id: connection_id } = rig.connection;
  rig.sandbox.addNumber({ phoneNumberId, display, accessToken: access_token, appSecret });
  const line = { connection_id, address: phoneNumberId, display: `+${display}`, access_token };
  const order = { ...line, app_id: tenant.appId, device: made.device_id };
  expect((await rig.call('POST', '/api/v1/channels', { ...order, app_id: others.appId })).status).toBe(400);
  const { status, body: channel } = await rig.call('POST', '/api/v1/channels', order);
  expect(status).toBe(201);
  const bound = await asking('GET', `/devices/${made.device_id}`);
  expect(bound.body).toMatchObject({ device_name: 'Claims', status: 'connected', wa_number: display });

  const device = { ...tenant, phoneNumberId };
  const { json } = await sent({ path: fixture('accident.jpg') }, device);
  expect(json.device_id).toBe(made.device_id);
  expect((await getMedia(json.payload.media_path)).status).toBe(200);

  expect((await asking('DELETE', `/devices/${made.device_id}`)).status).toBe(200);
  await expectError(mediaError(json.payload.media_path), '404 no such file');
  await expectError(asking('DELETE', `/devices/${made.device_id}`), '410 destroyed before');
  expect((await rig.call('GET', `/api/v1/channels/${channel.id}`)).status).toBe(404);
  expect((await rig.call('POST', '/api/v1/channels', order)).status).toBe(400);
  const again = await asking('POST', '/devices', { device_name: 'Claims' });
  expect(again.status).toBe(201);
  expect(again.body.device_id).not.toBe(made.device_id);
});

test('what the operator destroys is destroyed for the client too, and its name is free', async () => {
  const { body: made } = await asking('POST', '/devices', { device_name: 'Night shift' });
  const address = '106540352248888';
  const { id: connection_id, appSecret } = rig.connection;
  rig.sandbox.addNumber({ phoneNumberId: address, display: '15550788888', accessToken: 'EAAG-night', appSecret });
  const order = { connection_id, address, access_token: 'EAAG-night', app_id: tenant.appId, device: made.device_id };
  const { body: channel } = await rig.call('POST', '/api/v1/channels', order);
  expect((await rig.call('DELETE', `/api/v1/channels/${channel.id}`)).status).toBe(204);
  await expectError(asking('GET', `/devices/${made.device_id}`), '410 destroyed before');
  const { devices } = (await asking('GET', '/devices')).body;
  expect(devices.map(({ device_id }: Body) => device_id)).not.toContain(made.device_id);
  expect((await asking('POST', '/devices', { device_name: 'Night shift' })).status).toBe(201);
});

test('a device whose carrier refuses us is disconnected, and connected again by a new token', async () => {
  const desk = await rig.tenant({ dialect: 'wa-server' });
  rig.sandbox.replaceToken(desk.phoneNumberId, 'EAAG-second-token');
  const isDevice = ({ event }: Body) => event.startsWith('device_');
  const gone = await heardAfter(() => rig.send(desk, [{ path: fixture('label.png') }]), isDevice, desk);
  expect(gone.json).toMatchObject({ event: 'device_disconnected', payload: { status: 'disconnected' } });
  const device = () => asking('GET', `/devices/${gone.json.device_id}`, undefined, desk.key);
  expect((await device()).body.status).toBe('disconnected');
  const token = { access_token: 'EAAG-second-token' };
  const back = await heardAfter(() => rig.call('PATCH', `/api/v1/channels/${desk.channelId}`, token), isDevice, desk);
  expect(back.json).toMatchObject({ event: 'device_connected', device_id: gone.json.device_id });
  expect(back.json.payload).toMatchObject({ status: 'connected', wa_number: desk.display });
  expect((await device()).body.status).toBe('connected');
});

test('at most a hundred devices wait for their lines', async () => {
  const desk = await rig.tenant({ dialect: 'wa-server' });
  const made = await Promise.all(
    Array.from({ length: 100 }, (_, at) => asking('POST', '/devices', { device_name: `Desk ${at}` }, desk.key)),
  );
  expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201]));
  await expectError(asking('POST', '/devices', { device_name: 'One more' }, desk.key), '409 too many devices');
  expect((await asking('GET', '/devices', undefined, desk.key)).body.devices).toHaveLength(101);
});

test('of clients that ask for a name at the same time, one gets it', async () => {
  const name = { device_name: 'Reception' };
  const asked = await Promise.all(Array.from({ length: 5 }, () => asking('POST', '/devices', name)));
  expect(asked.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
});

test('a client of curl checks the signature, drops what it had before and keeps the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-wa-server-'));
  const program = fileURLToPath(new URL('wa-server/client.sh', import.meta.url));
  const run = async ({ body, headers }: Received, signature = headers['x-wa-signature'] ?? '') => {
    const running = promisify(execFile)(program, [rig.gateway.url, tenant.key, tenant.secret, signature, folder]);
    running.child.stdin?.end(body);
    return (await running).stdout.trim();
  };
  for (const name of ['accident.jpg', 'voice.ogg', 'contract.pdf']) {
    const heard = await sent({ path: fixture(name) });
    await expect(run(heard, `sha256=${'0'.repeat(64)}`)).rejects.toThrow('the signature is wrong');
    const kept = await run(heard);
    expect(await readFile(kept)).toEqual(await readFile(fixture(name)));
    expect(await run(heard)).toBe('had it before');
  }
  await rm(folder, { recursive: true });
});

test('after thirty days a file is gone', async () => {
  const { json } = await sent({ path: fixture('label.png') });
  // A file whose webhook comes late is kept a while longer.
  await newestIsDelivered();
  rig.clock.advance(31 * day);
  await expectError(mediaError(json.payload.media_path), '404 a file whose time is over');
});
