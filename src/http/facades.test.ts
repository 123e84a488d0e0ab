import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toyDialect, toyRoute } from '../../test/dialects/toy.ts';
import { openHttp } from '../../test/http/rig.ts';
import { type Answer, adminKey, type Body, exact, fixture, type Rig, startRig } from '../../test/journeys/rig.ts';
import type { Desk } from '../core/desk.ts';
import type { DialectAnswer, Dialects } from '../core/dialect.ts';
import { Fault } from '../core/faults.ts';
import { native } from '../dialects/native.ts';
import { dialects as registered } from '../dialects/registry.ts';

const toManage = { permission: 'manage', reach: 'app' } as const;
const secretOfTheHouse = 'the password of the database';

const red = toyDialect('red', [
  toyRoute({
    path: '/v0/things/:thing',
    answer: async ({ params, query }) => ({ status: 200, json: { red: { ...params }, query: { ...query } } }),
  }),
  toyRoute({
    path: '/v0/red/:id/file',
    answer: async ({ params, caller, desk }) => await fileOf(params, caller, desk),
  }),
  toyRoute({
    path: '/v0/red/files',
    method: 'POST',
    takes: 'stream',
    async answer({ stream, headers, caller, desk }) {
      if (stream === undefined) throw new Fault('invalid_request');
      const { id } = await desk.upload(caller, { stream, type: headers['content-type'] ?? null, fileName: 'a.png' });
      return { status: 201, json: { id } };
    },
  }),
  toyRoute({
    path: '/v0/red/json',
    method: 'POST',
    takes: 'json',
    needs: toManage,
    answer: async ({ body }) => ({ status: 200, json: { got: body ?? 'nothing' } }),
  }),
  toyRoute({ path: '/v0/red/broken', answer: () => Promise.reject(new Error(secretOfTheHouse)) }),
  toyRoute({ path: '/v0/red/text', answer: async () => ({ status: 202, text: '<red/>', type: 'application/xml' }) }),
  toyRoute({ path: '/v0/red/gone', method: 'DELETE', answer: async () => ({ status: 204, empty: true }) }),
  toyRoute({
    path: '/v0/red/house',
    needs: { permission: 'read', reach: 'organization' },
    answer: async () => ({ status: 200, json: { red: 'organization' } }),
  }),
  toyRoute({
    path: '/v0/red/login',
    method: 'POST',
    takes: 'json',
    needs: 'password',
    answer: async ({ headers }) => ({ status: 200, json: { authorization: headers['authorization'] ?? null } }),
  }),
]);
const blue = toyDialect('blue', [
  toyRoute({
    path: '/v0/things/:id',
    answer: async ({ params }) => ({ status: 200, json: { blue: { ...params } } }),
  }),
]);
const dialects: Dialects = new Map([native, red, blue].map((dialect) => [dialect.name, dialect]));

async function fileOf(
  { id = '' }: Readonly<Record<string, string>>,
  caller: Parameters<Desk['media']>[0],
  desk: Desk,
): Promise<DialectAnswer> {
  const found = await desk.media(caller, id);
  if (found.is !== 'own') throw new Fault('not_found');
  return { status: 200, file: found.thing, type: 'image/red', disposition: 'attachment' };
}

let rig: Rig;
let app: string;
let organization: string;

const key = async (order: object = {}): Promise<string> =>
  (await rig.call('POST', `/api/v1/apps/${app}/keys`, { dialect: 'red', ...order })).body.key;
const made = async (path: string, body: object): Promise<string> => (await rig.call('POST', path, body)).body.id;

beforeAll(async () => {
  const env = { MEDIADOCK_RATE_PER_MINUTE: '40', MEDIADOCK_UPLOAD_BYTES: '1MiB', MEDIADOCK_JSON_BODY_BYTES: '1KiB' };
  rig = await startRig(env, { dialects });
  organization = await made('/api/v1/organizations', { name: 'Acme' });
  app = await made('/api/v1/apps', { name: 'Reds', dialect: 'red', organization_id: organization });
});
afterAll(() => rig?.close());

const get = (path: string, secret: string | null): Promise<Answer> => rig.call('GET', path, undefined, secret);
const asked = async (path: string, secret: string | null, init: RequestInit = {}) =>
  await fetch(rig.gateway.url + path, {
    ...init,
    headers: { ...(secret !== null && { 'x-api-key': secret }), ...init.headers },
  });
const told = ({ status, body }: Answer): [number, Body] => [status, body];

test('an address that two dialects share is answered in the dialect of the key, under its own names', async () => {
  const redKey = await key();
  const blueKey = await key({ dialect: 'blue' });
  expect(redKey).toMatch(/^red_live_/);
  expect(told(await get('/v0/things/a%2Fb?x=1&x=2&y=', redKey))).toEqual([
    200,
    { red: { thing: 'a/b' }, query: { x: '1', y: '' } },
  ]);
  expect(told(await get('/v0/things/a', blueKey))).toEqual([200, { blue: { id: 'a' } }]);
});

test('whoever has no key, or an unknown one, hears the refusal of every dialect that answers there', async () => {
  const missing = await get('/v0/things/a', null);
  expect(told(missing)).toEqual([401, { red: 'key_missing', blue: 'key_missing' }]);
  expect(missing.headers.get('x-red-fault')).toBe('key_missing');
  expect(missing.headers.get('x-blue-fault')).toBe('key_missing');
  expect(told(await get('/v0/things/a', 'red_live_nobody'))).toEqual([
    401,
    { red: 'key_unknown', blue: 'key_unknown' },
  ]);
  expect(told(await get('/v0/red/text', null))).toEqual([401, { red: 'key_missing' }]);
});

test('a key of another dialect is refused in the words of the address', async () => {
  const blueKey = await key({ dialect: 'blue' });
  const nativeKey = await key({ dialect: 'native' });
  expect(told(await get('/v0/red/text', blueKey))).toEqual([403, { red: 'permission_missing' }]);
  const refused = { red: 'permission_missing', blue: 'permission_missing' };
  for (const other of [nativeKey, adminKey]) expect(told(await get('/v0/things/a', other))).toEqual([403, refused]);
  const below = `/a/${app}/v0/red/text`;
  expect(told(await get(below, blueKey))).toEqual([403, { red: 'permission_missing' }]);
});

test('a key of a dialect works at the native addresses too', async () => {
  const { status, body } = await get('/api/v1/media', await key());
  expect([status, body.data]).toEqual([200, []]);
});

test('the key may come as Bearer, as X-Api-Key, or as the password of Basic', async () => {
  const secret = await key();
  const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
  const headers: Record<string, string>[] = [
    { authorization: `Bearer ${secret}` },
    { 'x-api-key': secret },
    { authorization: basic('whoever', secret) },
    { authorization: basic('', secret) },
  ];
  for (const one of headers) expect((await asked('/v0/red/text', null, { headers: one })).status).toBe(202);
  for (const wrong of [basic('whoever', 'nobody'), basic(secret, ''), 'Basic ?', `Digest ${secret}`])
    expect((await asked('/v0/red/text', null, { headers: { authorization: wrong } })).status, wrong).toBe(401);
});

test("below /a/{app id} everything answers to the app's own keys, and to no others", async () => {
  const secret = await key();
  expect(told(await get(`/a/${app}/v0/things/a`, secret))).toEqual([200, { red: { thing: 'a' }, query: {} }]);
  const others = await made('/api/v1/apps', { name: 'Others', dialect: 'red' });
  for (const other of [others, 'app_x', organization])
    expect(told(await get(`/a/${other}/v0/things/a`, secret))).toEqual([404, { red: 'not_found' }]);
  expect((await asked(`/a/${app}/v0/red/login`, null, { method: 'POST' })).status).toBe(200);
});

test('a key that lacks the permission, or reaches another distance, is refused', async () => {
  const reader = await key({ permissions: ['read'] });
  const house = (await rig.call('POST', `/api/v1/organizations/${organization}/keys`, { dialect: 'red' })).body.key;
  const refused = [403, { red: 'permission_missing' }];
  expect(told(await rig.call('POST', '/v0/red/json', {}, reader))).toEqual(refused);
  expect(told(await get('/v0/red/house', reader))).toEqual(refused);
  expect(told(await get('/v0/red/text', house))).toEqual(refused);
  expect(told(await get('/v0/red/house', house))).toEqual([200, { red: 'organization' }]);
});

test('a revoked key ends at façades too', async () => {
  const { body } = await rig.call('POST', `/api/v1/apps/${app}/keys`, {});
  expect((await get('/v0/red/text', body.key)).status).toBe(202);
  expect((await rig.call('DELETE', `/api/v1/apps/${app}/keys/${body.id}`)).status).toBe(204);
  rig.clock.advance(1000);
  expect(told(await get('/v0/red/text', body.key))).toEqual([401, { red: 'key_unknown' }]);
});

test('what is left of the rate is told in the headers of the dialect, and who asks too often in its words', async () => {
  const secret = await key();
  const first = await get('/v0/red/text', secret);
  expect([first.headers.get('x-red-limit'), first.headers.get('x-red-left')]).toEqual(['40', '39']);
  expect(first.headers.has('ratelimit-limit')).toBe(false);
  const answers = await Promise.all(Array.from({ length: 40 }, () => get('/v0/red/text', secret)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(1);
  expect(refused[0]?.body).toEqual({ red: 'rate_limited' });
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused[0]?.headers.get('x-red-left')).toBe('0');
  expect((await get('/v0/red/text', await key())).status).toBe(202);
});

test('a file is served under the type that the dialect says, whole, in pieces, by its head, or not again', async () => {
  const secret = await key();
  const bytes = await readFile(fixture('label.png'));
  const upload = await asked('/v0/red/files', secret, {
    method: 'POST',
    body: bytes,
    headers: { 'content-type': 'image/png' },
  });
  expect(upload.status).toBe(201);
  const { id } = (await upload.json()) as Body;
  const path = `/v0/red/${id}/file`;
  const whole = await asked(path, secret);
  expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'image/red']);
  expect(whole.headers.get('content-disposition')).toBe('attachment; filename=a.png');
  expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
  const head = await asked(path, secret, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
  expect(head.headers.get('etag')).toBe(`"${createHash('sha256').update(bytes).digest('hex')}"`);
  const piece = await asked(path, secret, { headers: { range: 'bytes=1-3' } });
  expect([piece.status, await piece.text()]).toEqual([206, 'PNG']);
  const beyond = await asked(path, secret, { headers: { range: `bytes=${bytes.length}-` } });
  expect(beyond.status).toBe(416);
  const known = { 'if-none-match': head.headers.get('etag') ?? '' };
  expect((await asked(path, secret, { headers: known })).status).toBe(304);
  const [others, unknown] = [await made('/api/v1/apps', { name: 'Strangers' }), path.replace(id, 'med_x')];
  const stranger = (await rig.call('POST', `/api/v1/apps/${others}/keys`, { dialect: 'red' })).body.key;
  expect(told(await get(path, stranger))).toEqual([404, { red: 'not_found' }]);
  expect(told(await get(unknown, stranger))).toEqual([404, { red: 'not_found' }]);
});

test('HEAD answers wherever GET does, with the same headers and no body', async () => {
  const secret = await key();
  const got = await exact(rig.gateway.url, '/v0/things/a', { headers: { 'x-api-key': secret } });
  const head = await exact(rig.gateway.url, '/v0/things/a', { method: 'HEAD', headers: { 'x-api-key': secret } });
  expect([head.status, head.text]).toEqual([200, '']);
  expect(head.headers['content-type']).toBe(got.headers['content-type']);
  expect(head.headers['content-length']).toBe(String(got.bytes.length));
});

test('texts and empty answers are given as they are', async () => {
  const secret = await key();
  const xml = await asked('/v0/red/text', secret);
  expect([xml.status, xml.headers.get('content-type'), await xml.text()]).toEqual([202, 'application/xml', '<red/>']);
  const empty = await asked('/v0/red/gone', secret, { method: 'DELETE' });
  expect([empty.status, await empty.text()]).toEqual([204, '']);
});

test('what nobody expected is told in the words of the dialect, and the cause goes to the log alone', async () => {
  const answer = await get('/v0/red/broken', await key());
  expect(told(answer)).toEqual([500, { red: 'internal' }]);
  expect(JSON.stringify([...answer.headers])).not.toContain(secretOfTheHouse);
  const line = await rig.log.next(({ msg }) => msg === 'request failed');
  expect(JSON.stringify(line)).toContain(secretOfTheHouse);
});

test('a body that is no JSON, too large, compressed or of another type is refused in the words of the dialect', async () => {
  const secret = await key();
  const post = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const all = { 'content-type': 'application/json', ...headers };
    const answer = await asked('/v0/red/json', secret, { method: 'POST', body, headers: all });
    return [answer.status, await answer.json()];
  };
  expect(await post('{"a":[1,null]}')).toEqual([200, { got: { a: [1, null] } }]);
  expect(await post('')).toEqual([200, { got: 'nothing' }]);
  expect(await post('[1]')).toEqual([200, { got: [1] }]);
  expect(await post('{"a":')).toEqual([400, { red: 'invalid_request' }]);
  expect(await post('{"__proto__":{"x":1}}')).toEqual([400, { red: 'invalid_request' }]);
  expect(await post(new Uint8Array([0x22, 0xff, 0x22]))).toEqual([400, { red: 'invalid_request' }]);
  expect(await post(JSON.stringify('x'.repeat(2000)))).toEqual([413, { red: 'body_too_large' }]);
  expect(await post('{}', { 'content-encoding': 'gzip' })).toEqual([415, { red: 'body_type_unsupported' }]);
  expect(await post('a=1', { 'content-type': 'application/x-www-form-urlencoded' })).toEqual([
    415,
    { red: 'body_type_unsupported' },
  ]);
});

test('a stream ends at the limit of uploads, however long it would go on, and leaves nothing', async () => {
  const secret = await key();
  let given = 0;
  const endless = new ReadableStream({
    pull(controller) {
      given += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
  });
  const init = { method: 'POST', body: endless, duplex: 'half' };
  const answer = await asked('/v0/red/files', secret, init as RequestInit).catch((error: Error) => error);
  // The connection may be gone before the client has read the answer.
  if (!(answer instanceof Error))
    expect([answer.status, await answer.json()]).toEqual([413, { red: 'body_too_large' }]);
  expect(given).toBeLessThan(64 * 1024 * 1024);
  const after = await asked('/v0/red/files', secret, { method: 'POST', body: Buffer.alloc(1024 * 1024 + 1) });
  expect([after.status, await after.json()]).toEqual([413, { red: 'body_too_large' }]);
  const { body } = await rig.call('GET', `/api/v1/media?app_id=${app}&limit=200`);
  expect(body.data.every(({ size }: Body) => size <= 1024 * 1024)).toBe(true);
});

test('an address that reads the password itself gets the header as it came, and needs no key', async () => {
  const authorization = `Basic ${btoa('ada:lovelace')}`;
  const answer = await asked('/v0/red/login', null, { method: 'POST', headers: { authorization } });
  expect([answer.status, await answer.json()]).toEqual([200, { authorization }]);
});

test('what no dialect has is an unknown address', async () => {
  const secret = await key();
  expect((await get('/v0/red/nothing', secret)).body.code).toBe('not_found');
  expect((await rig.call('PUT', '/v0/red/text', {}, secret)).body.code).toBe('not_found');
});

test('the addresses of a dialect are told as OpenAPI, to whoever asks', async () => {
  const { status, body } = await get('/openapi/red.json', null);
  expect([status, body.openapi]).toEqual([200, '3.1.1']);
  expect(Object.keys(body.paths)).toContain('/v0/things/{thing}');
  for (const none of ['native', 'nobody', 'constructor'])
    expect((await get(`/openapi/${none}.json`, null)).status, none).toBe(404);
});

test('a body that does not arrive in time is refused, and its connection closed', async () => {
  const http = await openHttp(({ limits }) => ({
    limits: { ...limits, bodyMs: 100 },
    facades: { dialects, desk: {} as Desk },
  }));
  const { hostname, port } = new URL(http.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    'POST /v0/red/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  );
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
});

test('one address cannot read JSON in one dialect and a stream in another', async () => {
  const path = '/v0/red/json';
  const both = new Map([
    ['red', red],
    ['green', toyDialect('green', [toyRoute({ path, method: 'POST', takes: 'stream', answer: Promise.reject })])],
  ]);
  await expect(openHttp(() => ({ facades: { dialects: both, desk: {} as Desk } }))).rejects.toThrow(path);
});

test('the vendors’ addresses that are shared can be read in one way each', async () => {
  const http = await openHttp(() => ({ facades: { dialects: registered, desk: {} as Desk } }));
  expect((await http.call('GET', '/v1/media/x', { key: null })).status).toBe(401);
});
