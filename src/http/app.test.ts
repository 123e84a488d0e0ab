import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { adminKey, fieldsOf, type Http, openHttp } from '../../test/http/rig.ts';
import { Fault } from '../core/faults.ts';

/** Sends bytes as they are and gives all that comes back until the server closes. */
function raw(http: Http, text: string): Promise<string> {
  const { hostname, port } = new URL(http.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString();
    });
    socket.on('error', reject).on('close', () => resolve(seen));
  });
}

const authorization = `Authorization: Bearer ${adminKey}`;

test('every refusal is a problem document that names its code', async () => {
  const http = await openHttp();
  const json = { 'content-type': 'application/json' };
  for (const [method, path, options, status, code, fields] of [
    ['GET', '/nowhere', {}, 404, 'not_found', []],
    ['POST', '/nowhere', { body: '{', headers: { 'content-type': 'text/strange' } }, 404, 'not_found', []],
    ['PUT', '/api/v1/apps', {}, 405, 'method_not_allowed', []],
    ['OPTIONS', '/api/v1/apps', { key: null }, 405, 'method_not_allowed', []],
    ['GET', '/api/v1/apps/%zz', {}, 400, 'invalid_request', ['url']],
    ['GET', '/api/v1/apps/%00', {}, 400, 'invalid_request', ['params.id']],
    ['GET', `/api/v1/apps/${'x'.repeat(513)}`, {}, 400, 'invalid_request', ['params.id']],
    ['GET', `/api/v1/apps/${'x'.repeat(512)}`, {}, 404, 'not_found', []],
    ['POST', '/api/v1/apps', { body: '{"name":', headers: json }, 400, 'invalid_request', ['body']],
    ['POST', '/api/v1/apps', { body: '{"__proto__":{}}', headers: json }, 400, 'invalid_request', ['body']],
    ['POST', '/api/v1/apps', { body: '[]', headers: json }, 400, 'invalid_request', ['body']],
    ['POST', '/api/v1/apps', { body: `"${'x'.repeat(65 * 1024)}"`, headers: json }, 413, 'body_too_large', []],
    ['POST', '/api/v1/apps', { body: 'name=x' }, 415, 'body_type_unsupported', []],
    ['POST', '/api/v1/apps', { body: {}, headers: { 'content-encoding': 'gzip' } }, 415, 'body_type_unsupported', []],
  ] as const) {
    const about = `${method} ${path.slice(0, 40)}`;
    const answer = await http.call(method, path, options);
    expect([answer.status, answer.json['code']], about).toEqual([status, code]);
    expect(fieldsOf(answer), about).toEqual(fields);
    expect(answer.headers.get('content-type'), about).toBe('application/problem+json');
    expect(answer.json, about).toMatchObject({ type: `urn:mediadock:fault:${code}`, status });
    for (const member of ['title', 'detail']) expect(answer.json[member], about).toMatch(/\w/);
  }
});

test('a wrong method is told which ones are right', async () => {
  const http = await openHttp();
  expect((await http.call('PATCH', '/api/v1/apps')).headers.get('allow')).toBe('POST, GET, HEAD');
  expect((await http.call('HEAD', '/in/con_x')).headers.get('allow')).toBe('GET, POST');
});

test('everything that is wrong with a request is named at once', async () => {
  const http = await openHttp();
  const answer = await http.call('PATCH', '/api/v1/apps/%01?loud=1', {
    body: { name: '', link_seconds: 604_801, deliver_within_seconds: 1.5, hold_limit_seconds: '1', nickname: 'x' },
  });
  expect(fieldsOf(answer)).toEqual([
    'body.deliver_within_seconds',
    'body.hold_limit_seconds',
    'body.link_seconds',
    'body.name',
    'body.nickname',
    'params.id',
    'query.loud',
  ]);
});

test('headers beyond the limit, and bytes that are not HTTP, get a problem document too', async () => {
  const http = await openHttp();
  const long = await raw(http, `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
  expect(long).toMatch(/^HTTP\/1\.1 431 /);
  expect(JSON.parse(long.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'headers_too_large', status: 431 });
  const noise = await raw(http, 'this is no request\r\n\r\n');
  expect(noise).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(noise.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'invalid_request' });
});

test('a request without Host, or one that names the host in its first line, is served', async () => {
  const http = await openHttp();
  expect(await raw(http, 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  expect(await raw(http, 'GET http://x/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 200 /,
  );
});

test('a body that ends early is refused, and the server goes on', async () => {
  const http = await openHttp();
  const { hostname, port } = new URL(http.url);
  const socket = connect(Number(port), hostname);
  socket.end(
    `POST /api/v1/apps HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`,
  );
  await new Promise((resolve) => socket.resume().on('close', resolve));
  expect((await http.call('GET', '/healthz')).status).toBe(200);
});

test('what nobody expected is 500 without a word about it, and its stack is in the log', async () => {
  const secret = new Error('the password is hunter2');
  const http = await openHttp(({ records }) => ({
    records: Object.assign(Object.create(records), { listApps: () => Promise.reject(secret) }),
  }));
  const answer = await http.call('GET', '/api/v1/apps?limit=5');
  expect([answer.status, answer.json['code']]).toEqual([500, 'internal']);
  expect(answer.text).not.toMatch(/hunter2|stack|\.ts/);
  const line = http.lines.find(({ level }) => level === 'error');
  expect(line).toMatchObject({ err: secret, path: '/api/v1/apps', code: 'internal' });
});

test('an overload says when to come back, and the log says why', async () => {
  const cause = new Error('disk I/O error');
  const http = await openHttp(() => ({
    intake: { receive: () => Promise.reject(new Fault('not_durable', { retryAfter: 4.2, cause })) },
  }));
  const answer = await http.call('POST', '/in/con_x', { body: '{}' });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  expect(http.lines.find(({ level }) => level === 'warn')).toMatchObject({ err: cause, code: 'not_durable' });
});

test('each request is one line: method, path, status, time and key, and never a query or a secret', async () => {
  const http = await openHttp();
  await http.call('GET', '/api/v1/media?limit=7');
  await http.call('GET', '/in/con_x?hub.verify_token=hunter2', { key: null });
  await http.call('GET', '/media/med_x.jpg%3Ftoken=hunter2', { key: null });
  await http.call('GET', '/media/med_x.jpg%token=hunter2', { key: null });
  await http.call('POST', '/api/v1/apps', { body: { name: 'hunter2', secret: 'hunter2' } });
  await http.call('GET', '/api/v1/media', { key: 'hunter2' });
  // The answer may arrive before its line is written.
  await expect.poll(() => http.lines.length).toBe(6);
  expect(http.lines.map(({ method, path, status, key }) => [method, path, status, key])).toEqual([
    ['GET', '/api/v1/media', 200, 'admin'],
    ['GET', '/in/con_x', 404, undefined],
    ['GET', '/media/med_x.jpg', 403, undefined],
    ['GET', '/media/med_x.jpg', 403, undefined],
    ['POST', '/api/v1/apps', 400, 'admin'],
    ['GET', '/api/v1/media', 401, undefined],
  ]);
  expect(JSON.stringify(http.lines)).not.toContain('hunter2');
  expect(JSON.stringify(http.lines)).not.toContain(adminKey);
  for (const line of http.lines) expect(Number.isInteger(line.ms ?? 0)).toBe(true);
});

test('health answers without a key; readiness turns to 503 with its checks', async () => {
  let ok = true;
  const http = await openHttp(() => ({
    health: { ready: async () => ({ ok, checks: [{ name: 'storage', ok, ...(!ok && { detail: 'no room' }) }] }) },
  }));
  expect((await http.call('GET', '/healthz', { key: null })).json).toEqual({ status: 'ok' });
  expect((await http.call('GET', '/readyz', { key: null })).json).toEqual({
    status: 'ok',
    checks: [{ name: 'storage', ok: true, detail: null }],
  });
  ok = false;
  const answer = await http.call('GET', '/readyz', { key: null });
  expect([answer.status, answer.json]).toEqual([
    503,
    { status: 'unavailable', checks: [{ name: 'storage', ok: false, detail: 'no room' }] },
  ]);
});

test('a body that does not arrive in time is refused, and its connection closed', async () => {
  const http = await openHttp(({ limits }) => ({ limits: { ...limits, bodyMs: 100 } }));
  const head = `POST /api/v1/apps HTTP/1.1\r\nHost: x\r\n${authorization}\r\nContent-Type: application/json\r\n`;
  const answer = await raw(http, `${head}Content-Length: 100\r\n\r\n{"name":`);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toContain('request_too_slow');
  expect((await http.call('GET', '/api/v1/apps')).json['data']).toEqual([]);
});
