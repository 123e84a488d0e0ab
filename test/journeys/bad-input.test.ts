// What strangers, broken clients and unexpected carriers send: nothing of it is taken for something else, nothing that was
// signed is lost, and every refusal says what was wrong.

import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { routes } from '../../src/http/app.ts';
import type { Message } from '../../src/sandbox/compose/composer.ts';
import { about, type Body, exact, type Got, type Rig, startRig, type Tenant } from './rig.ts';
import { startServer } from './server-process.ts';

const mebibyte = 1024 * 1024;

let rig: Rig;
let tenant: Tenant;
beforeAll(async () => {
  rig = await startRig();
  tenant = await rig.tenant();
});
afterAll(() => rig.close());

const intakePath = (): string => `/in/${rig.connection.id}`;
const signatureOf = (body: Uint8Array | string): string =>
  `sha256=${createHmac('sha256', rig.connection.appSecret).update(body).digest('hex')}`;

/** Posts these bytes under the signature that they need, unless other headers say otherwise. */
const postSigned = (body: Uint8Array | string, headers: Record<string, string> = {}): Promise<Got> =>
  exact(rig.gateway.url, intakePath(), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': signatureOf(body), ...headers },
    body,
  });

const textMessage = (text = 'hello'): Message => rig.sandbox.compose.message(rig.sandbox.compose.contents.text(text));
const bodyOf = (...messages: Message[]): Body =>
  rig.sandbox.compose.body([rig.sandbox.compose.received(tenant.phoneNumberId, messages)]);

const journal = async (query = ''): Promise<Body[]> =>
  (await rig.call('GET', `/api/v1/journal?limit=200${query}`)).body.data;
const countOf = async (name: 'unrouted' | 'unparsed'): Promise<number> => {
  rig.clock.advance(1000);
  const { body } = await rig.call('GET', '/readyz', undefined, null);
  const check = body.checks.find((one: Body) => one.name === name);
  return Number.parseInt(check.detail ?? '0', 10);
};

/** Every refusal has this form. */
function problemOf(got: Got | Awaited<ReturnType<Rig['call']>>, status: number, code: string, fields?: string[]): void {
  const type = got.headers instanceof Headers ? got.headers.get('content-type') : got.headers['content-type'];
  expect([got.status, type], got.text).toEqual([status, 'application/problem+json']);
  const problem = JSON.parse(got.text);
  expect(problem).toMatchObject({ status, code, type: `urn:mediadock:fault:${code}` });
  expect(problem.title.length).toBeGreaterThan(0);
  if (fields !== undefined) expect(problem.errors.map(({ field }: Body) => field)).toEqual(fields);
}

describe('a webhook without the right signature', () => {
  let newest: string | undefined;
  beforeEach(async () => {
    newest = (await journal())[0]?.id;
  });

  test.each(['missing', 'wrong', 'malformed'] as const)('is refused and not stored: %s', async (signature) => {
    const answer = await rig.post(bodyOf(textMessage()), { signature });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body).code).toBe(signature === 'missing' ? 'signature_missing' : 'signature_wrong');
    expect((await journal())[0]?.id).toBe(newest);
  });

  test('is refused when the body was altered, though it means the same', async () => {
    expect((await rig.post(bodyOf(textMessage()), { alterAfterSigning: true })).status).toBe(401);
    expect((await journal())[0]?.id).toBe(newest);
  });

  test('is refused when what was signed is the same JSON in another spelling', async () => {
    const json = bodyOf(textMessage('schöne Grüße / 🚗'));
    const escaped = rig.sandbox.escape(json);
    const again = JSON.stringify(json);
    expect(Buffer.from(escaped).toString()).not.toBe(again);
    problemOf(await postSigned(escaped, { 'x-hub-signature-256': signatureOf(again) }), 401, 'signature_wrong');
    problemOf(await postSigned(again, { 'x-hub-signature-256': signatureOf(escaped) }), 401, 'signature_wrong');
    expect((await journal())[0]?.id).toBe(newest);
    expect((await postSigned(escaped)).status).toBe(200);
  });

  test('is refused in every other form of the header', async () => {
    const body = JSON.stringify(bodyOf(textMessage()));
    const right = signatureOf(body);
    for (const header of [
      right.slice(7),
      right.slice(0, -1),
      `${right}0`,
      `${right}, ${right}`,
      `sha1=${createHmac('sha1', rig.connection.appSecret).update(body).digest('hex')}`,
      `sha256=${Buffer.from(right.slice(7), 'hex').toString('base64')}`,
      signatureOf(''),
      'sha256=',
    ]) {
      problemOf(await postSigned(body, { 'x-hub-signature-256': header }), 401, 'signature_wrong');
    }
    expect((await journal())[0]?.id).toBe(newest);
  });

  test('is refused for a connection that does not exist, whatever it is called', async () => {
    const body = JSON.stringify(bodyOf(textMessage()));
    for (const id of [`con_${'0'.repeat(27)}`, tenant.appId, 'x', '%00', '..%2f..', 'x'.repeat(5000), "';--"]) {
      const got = await exact(rig.gateway.url, `/in/${id}`, {
        method: 'POST',
        headers: { 'x-hub-signature-256': signatureOf(body) },
        body,
      });
      problemOf(got, 404, 'connection_unknown');
    }
    expect((await journal())[0]?.id).toBe(newest);
  });
});

describe('the size of a webhook', () => {
  test('a byte more than 4 MiB is refused, announced or not, and stores nothing', async () => {
    const newest = (await journal())[0]?.id;
    const body = Buffer.alloc(4 * mebibyte + 1, ' ');
    const lengths = [{ 'content-length': String(body.length) }, { 'transfer-encoding': 'chunked' }];
    for (const headers of lengths) {
      // The answer may come before everything is sent; what is left of the request is then cut.
      const got = await postSigned(body, headers);
      problemOf(got, 413, 'body_too_large');
    }
    expect((await journal())[0]?.id).toBe(newest);
  });

  test('4 MiB to the byte are taken', async () => {
    const message = textMessage();
    const json = JSON.stringify(bodyOf(message));
    expect((await postSigned(json + ' '.repeat(4 * mebibyte - Buffer.byteLength(json)))).status).toBe(200);
    await tenant.receiver.next(about(message.id));
  });

  test('3 MB with a thousand updates are taken, each of them', async () => {
    const threeMB = 3_000_000;
    const messages = Array.from({ length: 1000 }, (_, at) => textMessage(`${at} ${'ü'.repeat(300)}`));
    const escaped = Buffer.from(rig.sandbox.escape(bodyOf(...messages)));
    const body = Buffer.concat([escaped, Buffer.alloc(threeMB - escaped.length, ' ')]);
    expect((await postSigned(body)).status).toBe(200);
    expect((await journal())[0]).toMatchObject({ bytes: threeMB, messages: 1000, unparsed: 0, unrouted: 0 });
    await tenant.receiver.next(about(messages.at(-1)?.id ?? ''), AbortSignal.timeout(20_000));
  });
});

describe('a signed webhook that cannot be read', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const whole = (part: unknown) => ({ object: 'whatsapp_business_account', entry: part });
  const change = (value: unknown) => whole([{ id: '1', changes: [{ field: 'messages', value }] }]);

  test.each<[string, string | Uint8Array]>([
    ['nothing at all', ''],
    ['half of a JSON', '{"object":"whatsapp_busi'],
    ['no JSON', 'hello'],
    ['a form', 'object=whatsapp_business_account&entry=1'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x80])],
    ['null', 'null'],
    ['a number', '1e400'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['another kind of account', '{"object":"page","entry":[]}'],
    ['no entries', JSON.stringify(whole([]))],
    ['entries that are a text', JSON.stringify(whole('x'))],
    ['an entry that is null', JSON.stringify(whole([null]))],
    ['changes that are an object', JSON.stringify(whole([{ changes: {} }]))],
    ['a change without a field', JSON.stringify(whole([{ changes: [{ value: {} }] }]))],
    ['messages that are an object', JSON.stringify(change({ metadata: { phone_number_id: '1' }, messages: {} }))],
    ['messages without a number', JSON.stringify(change({ messages: [{ id: 'wamid.1', type: 'text' }] }))],
    [
      'a number that is an object',
      JSON.stringify(change({ metadata: { phone_number_id: {} }, messages: [{ id: 'x' }] })),
    ],
    ['200,000 levels', deep],
    [
      '200,000 levels within a change',
      `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":${deep}}]}]}`,
    ],
    ['members of every object', '{"object":"whatsapp_business_account","__proto__":{"entry":[1]},"constructor":1}'],
  ])('is acknowledged, kept, listed and counted: %s', async (_, body) => {
    const before = await countOf('unparsed');
    const got = await postSigned(body);
    expect([got.status, got.text]).toEqual([200, '']);
    const [entry] = await journal('&only=unparsed');
    expect(entry.unparsed).toBeGreaterThan(0);
    expect(entry.problems.length).toBeGreaterThan(0);
    expect(await countOf('unparsed')).toBe(before + entry.unparsed);
    const { body: kept } = await rig.call('GET', `/api/v1/journal/${entry.id}`);
    expect(Buffer.from(kept.body_base64, 'base64').equals(Buffer.from(body))).toBe(true);
  });

  test('in one of its items loses none of the others', async () => {
    const [first, last] = [textMessage('first'), textMessage('last')];
    const json = bodyOf(first, textMessage('in between'), last);
    json.entry[0].changes[0].value.messages[1] = { id: 7, type: ['text'] };
    expect((await postSigned(JSON.stringify(json))).status).toBe(200);
    await tenant.receiver.next(about(first.id));
    await tenant.receiver.next(about(last.id));
    expect((await journal('&only=unparsed'))[0]).toMatchObject({ messages: 2, unparsed: 1 });
  });
});

test('a webhook for a number that nobody has is acknowledged, kept, listed and counted', async () => {
  const before = await countOf('unrouted');
  const json = JSON.stringify(bodyOf(textMessage())).replaceAll(tenant.phoneNumberId, '777000777');
  expect((await postSigned(json)).status).toBe(200);
  const [entry] = await journal('&only=unrouted');
  expect(entry).toMatchObject({ connection_id: rig.connection.id, unrouted: 1 });
  expect(await countOf('unrouted')).toBe(before + 1);
});

test('what a webhook calls itself decides nothing: its bytes do', async () => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'no/type/;;',
    '',
  ]) {
    const message = textMessage();
    expect((await postSigned(JSON.stringify(bodyOf(message)), { 'content-type': type })).status, type).toBe(200);
    await tenant.receiver.next(about(message.id));
  }
});

test('a compressed webhook is refused before it is inflated', async () => {
  const newest = (await journal())[0]?.id;
  const body = gzipSync(JSON.stringify(bodyOf(textMessage())));
  problemOf(await postSigned(body, { 'content-encoding': 'gzip' }), 415, 'body_type_unsupported');
  expect((await journal())[0]?.id).toBe(newest);
});

describe('an upload of a webhook', () => {
  const begin = (body: string) => {
    const { hostname, port } = new URL(rig.gateway.url);
    const asked = request({
      hostname,
      port,
      path: intakePath(),
      method: 'POST',
      agent: false,
      // Told to go on, we know that the gateway has seen the request.
      headers: {
        'x-hub-signature-256': signatureOf(body),
        'content-length': Buffer.byteLength(body),
        expect: '100-continue',
      },
    });
    asked.on('error', () => {});
    asked.write(body.slice(0, 100));
    return asked;
  };

  test('that is cut off stores nothing', async () => {
    const newest = (await journal())[0]?.id;
    const seen = rig.log.lines.length;
    const asked = begin(JSON.stringify(bodyOf(textMessage())));
    await once(asked, 'continue');
    asked.destroy();
    const isNew = (line: Record<string, unknown>) => rig.log.lines.indexOf(line as never) >= seen;
    await rig.log.next((line) => line['path'] === intakePath() && line['cut'] === true && isNew(line));
    expect((await journal())[0]?.id).toBe(newest);
  });

  test('that is slow holds up nobody and is taken when it is whole', async () => {
    const [slow, quick] = [textMessage('slow'), textMessage('quick')];
    const body = JSON.stringify(bodyOf(slow));
    const asked = begin(body);
    await once(asked, 'continue');
    expect((await rig.post(bodyOf(quick))).status).toBe(200);
    await tenant.receiver.next(about(quick.id));
    expect(tenant.receiver.received.some(about(slow.id))).toBe(false);
    asked.end(body.slice(100));
    const [answer] = await once(asked, 'response');
    expect(answer.statusCode).toBe(200);
    await tenant.receiver.next(about(slow.id));
  });
});

describe('the handshake', () => {
  const ask = (query: string, id = rig.connection.id) => exact(rig.gateway.url, `/in/${id}${query}`);
  const right = () => `hub.verify_token=${rig.connection.verifyToken}`;

  test('echoes the challenge, as text and nothing else', async () => {
    for (const challenge of ['1158201444', '<script>alert(1)</script>', 'a b&c', 'ü'.repeat(100)]) {
      const got = await ask(`?hub.mode=subscribe&hub.challenge=${encodeURIComponent(challenge)}&${right()}`);
      expect([got.status, got.text]).toEqual([200, challenge]);
      expect(got.headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(got.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test('refuses a wrong token and a question that is not whole', async () => {
    for (const query of [
      '?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong',
      '?hub.mode=subscribe&hub.challenge=1&hub.verify_token=',
      '?hub.mode=subscribe&hub.challenge=1',
      `?hub.mode=subscribe&${right()}`,
      `?hub.mode=unsubscribe&hub.challenge=1&${right()}`,
      `?hub.challenge=1&${right()}`,
      `?hub.mode=subscribe&hub.challenge=1&hub.challenge=2&${right()}`,
      `?hub.mode=subscribe&hub.challenge=1&${right()}&${right()}`,
      `?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong&${right()}`,
      `?hub.mode[]=subscribe&hub.challenge[]=1&${right()}`,
      `?hub.mode=subscribe&hub.challenge=1&${right().toUpperCase()}`,
      `?hub.mode=subscribe&hub.challenge=1&${right()}%00`,
    ]) {
      const got = await ask(query);
      problemOf(got, 403, 'challenge_refused');
      expect(got.text).not.toContain(rig.connection.verifyToken);
    }
    problemOf(await ask('?hub_mode=subscribe&hub_challenge=1'), 401, 'signature_missing');
    problemOf(await ask(''), 401, 'signature_missing');
    problemOf(
      await ask(`?hub.mode=subscribe&hub.challenge=1&${right()}`, `con_${'0'.repeat(27)}`),
      404,
      'connection_unknown',
    );
  });

  test('and the webhook are all that the address knows', async () => {
    for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const got = await exact(rig.gateway.url, intakePath(), { method });
      expect([got.status, got.headers.allow], method).toEqual([405, 'GET, POST']);
    }
  });
});

describe('the API', () => {
  const api = (method: string, path: string, body?: string | Uint8Array, headers: Record<string, string> = {}) =>
    exact(rig.gateway.url, path, {
      method,
      headers: {
        authorization: `Bearer ${tenant.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
  const keys = () => `/api/v1/apps/${tenant.appId}/keys`;
  const endpoints = () => `/api/v1/apps/${tenant.appId}/endpoints`;

  test.each<[string, unknown, string[]]>([
    ['organizations', {}, ['body.name']],
    ['organizations', { name: 7, media_retention_days: 0 }, ['body.name', 'body.media_retention_days']],
    ['organizations', { name: 'a\u0000b' }, ['body.name']],
    ['organizations', { name: 'x'.repeat(201) }, ['body.name']],
    [
      'apps',
      { name: 'x', link_seconds: 1.5, hold_limit_seconds: '3' },
      ['body.link_seconds', 'body.hold_limit_seconds'],
    ],
    ['apps', { name: 'x', dialect: 'klingon' }, ['body.dialect']],
    ['apps', { name: 'x', organization_id: 'org_nobody' }, ['body.organization_id']],
    ['apps', { name: 'x', colour: 'red', size: 7 }, ['body.colour', 'body.size']],
    ['connections', { name: 'x', carrier: 'pigeon' }, ['body.carrier']],
    ['connections', { name: 'x', carrier: 'whatsapp-cloud' }, ['body.app_secret', 'body.verify_token']],
    [
      'connections',
      { name: 'x', carrier: 'whatsapp-cloud', app_secret: 'a', verify_token: 'b', graph_version: '24', more: 1 },
      ['body.graph_version', 'body.more'],
    ],
    ['channels', {}, ['body.app_id', 'body.connection_id', 'body.address']],
    [
      'channels',
      { app_id: 'app_no', connection_id: 'con_no', address: '1', access_token: 'x' },
      ['body.connection_id'],
    ],
  ])('names each field that is wrong in POST %s %j', async (path, body, fields) => {
    problemOf(await rig.call('POST', `/api/v1/${path}`, body), 400, 'invalid_request', fields);
  });

  test.each<[unknown, string[]]>([
    [{}, ['body.url']],
    [{ url: 'not a url' }, ['body.url']],
    [{ url: 'ftp://example.com/' }, ['body.url']],
    [{ url: 'file:///etc/passwd' }, ['body.url']],
    [{ url: 'https://10.0.0.1/' }, ['body.url']],
    [{ url: 'https://169.254.169.254/latest/' }, ['body.url']],
    [{ url: 'https://[::ffff:10.0.0.1]/' }, ['body.url']],
    [{ url: 'https://0xA000001/' }, ['body.url']],
    [{ url: 'https://example.com/', events: [] }, ['body.events']],
    [{ url: 'https://example.com/', events: ['message.eaten'] }, ['body.events.0']],
    [{ url: 'https://example.com/', headers: { 'x-a': 'b\r\nx-c: d' } }, ['body.headers.x-a']],
    [{ url: 'https://example.com/', headers: { 'bad name': 'x' } }, ['body.headers.bad name']],
    [{ url: 'https://example.com/', headers: { host: 'evil.example' } }, ['body.headers.host']],
    [{ url: 'https://example.com/', headers: { 'webhook-signature': 'v1,x' } }, ['body.headers.webhook-signature']],
    [{ url: 'https://example.com/', secret: '' }, ['body.secret']],
    [{ url: 'https://example.com/', secret: 'whsec_!!' }, ['body.secret']],
  ])('names what is wrong with the endpoint %j', async (body, fields) => {
    problemOf(await rig.call('POST', endpoints(), body, tenant.key), 400, 'invalid_request', fields);
  });

  test('refuses bodies that are not plain JSON objects, and says that it is the body', async () => {
    for (const body of ['{', 'hello', '{"name":}', "{'name':'x'}", '{"a":1}{"b":2}', '\u0000', '{"name":"x",}']) {
      problemOf(await api('POST', keys(), body), 400, 'invalid_request', ['body']);
    }
    for (const body of ['[]', '"x"', '7', 'true', 'null']) {
      const got = await api('PATCH', `/api/v1/apps/${tenant.appId}`, body);
      problemOf(got, 400, 'invalid_request', ['body']);
    }
    for (const body of ['{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}', '{"\\u005f_proto__":1}']) {
      const got = await api('POST', keys(), body);
      expect([got.status, JSON.parse(got.text).code], body).toEqual([400, 'invalid_request']);
    }
    expect(Reflect.get({}, 'a')).toBeUndefined();
  });

  test('refuses text that is not UTF-8 instead of guessing what it meant', async () => {
    const body = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xc3]), Buffer.from('"}')]);
    problemOf(await api('POST', keys(), body), 400, 'invalid_request', ['body']);
  });

  test('refuses nesting of any depth without harm', async () => {
    const depth = 100_000;
    problemOf(await api('POST', keys(), '['.repeat(depth) + ']'.repeat(depth)), 400, 'invalid_request');
    const nested = `{"permissions":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    problemOf(await api('POST', keys(), nested), 400, 'invalid_request');
    const loose = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    problemOf(
      await api('POST', '/api/v1/channels', loose, { authorization: 'Bearer an-administrators-key-for-tests' }),
      400,
      'invalid_request',
    );
  });

  test('refuses bodies beyond 1 MiB, other types of content and compressed ones', async () => {
    const big = JSON.stringify({ name: 'x'.repeat(mebibyte) });
    problemOf(await api('POST', keys(), big), 413, 'body_too_large');
    problemOf(await api('POST', keys(), '{}', { 'content-type': 'text/plain' }), 415, 'body_type_unsupported');
    problemOf(
      await api('POST', keys(), 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'body_type_unsupported',
    );
    problemOf(await api('POST', keys(), gzipSync('{}'), { 'content-encoding': 'gzip' }), 415, 'body_type_unsupported');
  });

  const lists = routes.filter(
    ({ method, path, query }) =>
      method === 'GET' && !path.includes(':') && query instanceof z.ZodObject && 'limit' in query.shape,
  );
  test.each(lists.map(({ path }) => path))(
    'GET %s refuses limits, cursors and parameters that make no sense',
    async (path) => {
      const page = path.endsWith('/events') ? 'after' : 'cursor';
      // Jobs that rest are one page; a cursor there is a parameter that makes no sense.
      const ofCursors = path.endsWith('/jobs') ? 'invalid_request' : 'invalid_cursor';
      const refused = async (query: string, code: string, fields?: string[]) =>
        problemOf(await rig.call('GET', `${path}?${query}`), 400, code, fields);
      for (const limit of ['0', '201', '-1', '1.5', '1e2', 'x', '', '99999999999999999999', '%00', '0x10', '+5']) {
        await refused(`limit=${limit}`, 'invalid_request', ['query.limit']);
      }
      await refused('limit=1&limit=2', 'invalid_request', ['query.limit']);
      await refused('colour=red', 'invalid_request', ['query.colour']);
      await refused('__proto__=1', 'invalid_request');
      for (const cursor of [
        'x',
        '!!!',
        'AAAAAAAAAAA',
        'AQAAAAAAAAE=',
        'AQD_____',
        '%00',
        'a'.repeat(512),
        '/wAAAAAAAAA',
      ]) {
        await refused(`${page}=${cursor}`, ofCursors, [`query.${page}`]);
      }
      const other = path.endsWith('/journal') ? '/api/v1/messages' : '/api/v1/journal';
      const { body } = await rig.call('GET', `${other}?limit=1`);
      await refused(`${page}=${body.next}`, ofCursors, [`query.${page}`]);
    },
  );

  test('does not find what it does not know, in any form', async () => {
    for (const id of [
      'x',
      'med_',
      `med_${'0'.repeat(27)}`,
      '%2e%2e',
      '..%2f..%2fetc',
      "'%20or%201=1",
      'x'.repeat(512),
    ]) {
      problemOf(await api('GET', `/api/v1/media/${id}`), 404, 'not_found');
    }
    for (const id of ['%00', '%0a', 'x'.repeat(513), '%ed%a0%80']) {
      const got = await api('GET', `/api/v1/media/${id}`);
      expect(got.status, id).toBe(400);
      expect(got.headers['content-type']).toBe('application/problem+json');
    }
    problemOf(await api('GET', '/api/v1/media/%zz'), 400, 'invalid_request', ['url']);
    for (const path of ['/', '/api', '/api/v1', '/api/v1/nothing', '//api/v1/media', '/API/V1/media', '/.env']) {
      problemOf(await api('GET', path), 404, 'not_found');
    }
  });

  test('tells which methods an address knows', async () => {
    for (const path of new Set(routes.map((route) => route.path))) {
      const known = routes
        .filter((route) => route.path === path)
        .flatMap(({ method, head }) => (head ? [method, 'HEAD'] : [method]));
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        if (known.includes(method)) continue;
        const got = await api(method, path.replace(/:\w+|\*/g, 'x'));
        expect([got.status, got.headers.allow], `${method} ${path}`).toEqual([405, known.join(', ')]);
      }
    }
  });

  test('answers what is not HTTP, or too much of it, in the same form', async () => {
    const { hostname, port } = new URL(rig.gateway.url);
    const say = async (text: string): Promise<string> => {
      const socket = connect(Number(port), hostname);
      socket.end(text);
      return (await socket.toArray()).join('');
    };
    expect(await say('hello\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"invalid_request"/s,
    );
    expect(await say(`GET / HTTP/1.1\r\nhost: x\r\nx-big: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 .*"code":"headers_too_large"/s,
    );
  });

  test('never fails on its own side, whatever JSON it gets', async () => {
    const written = routes.filter(
      ({ method, takes, needs }) =>
        method !== 'GET' && method !== 'DELETE' && takes === 'json' && typeof needs === 'object',
    );
    const members = fc.constantFrom(
      'name',
      'url',
      'address',
      'app_id',
      'connection_id',
      'carrier',
      'headers',
      'events',
      'permissions',
      'state',
      'secret',
      'display',
      'access_token',
      'app_secret',
      'media_hosts',
      'graph_url',
    );
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.dictionary(members, fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...written), anything, async ({ method, path }, body) => {
        const target = path
          .replace(':id', path.includes('/apps/') ? tenant.appId : 'unknown')
          .replace(/:\w+/g, 'unknown');
        const answer = await rig.call(method, target, body);
        expect(answer.status, `${method} ${target} ${JSON.stringify(body)}`).toBeLessThan(500);
        if (answer.status >= 400) expect(answer.headers.get('content-type')).toBe('application/problem+json');
        if (answer.status === 400) expect(answer.body.errors.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

test('settings that are wrong stop the start with all of them listed, none of them secret, and nothing begun', async () => {
  const folder = join(rig.config.dataDir, 'never-made');
  const server = startServer(folder, {
    MEDIADOCK_PORT: 'eighty',
    MEDIADOCK_PUBLIC_URL: 'not a url',
    MEDIADOCK_SECRET_KEY: 'c2hvcnQtc2VjcmV0LWtleQ==',
    MEDIADOCK_ADMIN_KEY_FILE: '/nowhere/admin.key',
    MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8,everywhere',
    MEDIADOCK_LINK_SECONDS: '0',
    MEDIADOCK_LNK_SECONDS: '60',
  });
  expect(await server.exited).toEqual({ code: 2, signal: null });
  const said = server.stderr.items.join('\n');
  for (const name of [
    'PORT',
    'PUBLIC_URL',
    'SECRET_KEY',
    'ADMIN_KEY',
    'ALLOW_PRIVATE_NETWORKS',
    'LINK_SECONDS',
    'LNK_SECONDS',
  ]) {
    expect(said).toMatch(new RegExp(`^MEDIADOCK_${name}: `, 'm'));
  }
  expect(said).toContain('did you mean MEDIADOCK_LINK_SECONDS?');
  expect(said).not.toContain('c2hvcnQtc2VjcmV0LWtleQ');
  expect(said).not.toMatch(/\bat .*\.ts:\d+/);
  expect(existsSync(folder)).toBe(false);
});

test('none of all this was a failure of ours, and the gateway still works', async () => {
  expect(rig.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  const message = textMessage('still there');
  expect((await rig.post(bodyOf(message))).status).toBe(200);
  await tenant.receiver.next(about(message.id));
});
