import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { openHttp } from '../../../test/http/rig.ts';
import type { IntakeAnswer, IntakeRequest } from '../../core/carrier.ts';

async function listening(answer: IntakeAnswer = { status: 200 }) {
  const seen: [string, IntakeRequest][] = [];
  const http = await openHttp(() => ({
    publicUrl: () => 'https://dock.example/base',
    intake: {
      async receive(connection, request) {
        seen.push([connection, request]);
        return answer;
      },
    },
  }));
  return { http, seen };
}

test('a carrier gets its body through byte by byte, whatever the bytes and whatever they are called', async () => {
  const bodies = ['{"a": 1 }', '{"broken', '', '\u0000\ud83d\ude00'];
  const types = ['application/json', 'text/plain', 'application/x-www-form-urlencoded', ';; garbage', 'x/y; charset='];
  const { http, seen } = await listening();
  for (const body of [...bodies, Uint8Array.of(0, 255, 254, 13, 10)]) {
    for (const type of types) {
      const answer = await http.call('POST', '/in/con_1', { key: null, body, headers: { 'content-type': type } });
      expect(answer.status).toBe(200);
      const [, request] = seen.at(-1) ?? [];
      expect(Buffer.from(request?.body ?? []).equals(Buffer.from(body)), `${body} as ${type}`).toBe(true);
      expect(request?.headers['content-type']).toBe(type);
    }
  }
});

test('no body at all is zero bytes', async () => {
  const { http, seen } = await listening();
  await http.call('POST', '/in/con_1', { key: null });
  await http.call('GET', '/in/con_1', { key: null });
  expect(seen.map(([, { method, body }]) => [method, body.byteLength])).toEqual([
    ['POST', 0],
    ['GET', 0],
  ]);
});

test('the address is the public one with the path and query exactly as they came', async () => {
  const { http, seen } = await listening();
  await http.call('GET', '/in/con_1?b=2&a=%41+x&b=1&hub.challenge=%25', { key: null });
  const [connection, request] = seen[0] ?? [];
  expect(connection).toBe('con_1');
  expect(request?.url.href).toBe('https://dock.example/base/in/con_1?b=2&a=%41+x&b=1&hub.challenge=%25');
});

test('header names are lower-case and repeated headers are joined', async () => {
  const { http, seen } = await listening();
  const { hostname, port } = new URL(http.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    'POST http://evil.example/in/con_1?x HTTP/1.1\r\nHost: x\r\nX-Sig: a\r\nx-SIG: b\r\nUser-Agent: one\r\n',
  );
  socket.write('User-Agent: two\r\nContent-Length: 1\r\nConnection: close\r\n\r\n!');
  await new Promise((resolve) => socket.resume().on('close', resolve));
  const [, request] = seen[0] ?? [];
  expect(request?.headers).toMatchObject({ 'x-sig': 'a, b', 'user-agent': 'one, two' });
  expect(request?.url.href).toBe('https://dock.example/base/in/con_1?x');
});

test('the answer is the carrier’s own, and a browser is not to guess a type for it', async () => {
  const { http } = await listening({ status: 202, type: 'text/plain', body: '<b>1</b>' });
  const answer = await http.call('POST', '/in/con_1', { key: null, body: '{}' });
  expect([answer.status, answer.text]).toEqual([202, '<b>1</b>']);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});

test('an empty answer has no body and no type', async () => {
  const { http } = await listening();
  const answer = await http.call('POST', '/in/con_1', { key: null, body: '{}' });
  expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([200, '', null]);
});

test('a body over the limit is refused whether its length is announced or not, and reaches nobody', async () => {
  const { http, seen } = await listening();
  const limit = http.parts.limits.intakeBodyBytes;
  const fits = await http.call('POST', '/in/con_1', { key: null, body: new Uint8Array(limit) });
  expect(fits.status).toBe(200);
  const announced = await http.call('POST', '/in/con_1', { key: null, body: new Uint8Array(limit + 1) });
  expect([announced.status, announced.json['code']]).toEqual([413, 'body_too_large']);

  const { hostname, port } = new URL(http.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString();
  });
  socket.write('POST /in/con_1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  socket.write(`${(limit + 1).toString(16)}\r\n${'x'.repeat(limit + 1)}\r\n`);
  await new Promise((resolve) => socket.on('close', resolve).on('error', resolve));
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(seen.length).toBe(1);
});

test('a compressed body is refused, because its signature would be over other bytes', async () => {
  const { http, seen } = await listening();
  const call = (encoding: string) =>
    http.call('POST', '/in/con_1', { key: null, body: '{}', headers: { 'content-encoding': encoding } });
  expect((await call('gzip')).json['code']).toBe('body_type_unsupported');
  expect((await call('identity')).status).toBe(200);
  expect(seen.length).toBe(1);
});

test('other methods are refused, HEAD among them', async () => {
  const { http, seen } = await listening();
  for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    expect((await http.call(method, '/in/con_1', { key: null })).status, method).toBe(405);
  }
  expect(seen).toEqual([]);
});

test('an unknown connection is 404 with everything real', async () => {
  const http = await openHttp();
  const answer = await http.call('POST', '/in/con_nowhere', { key: null, body: '{}' });
  expect([answer.status, answer.json['code']]).toEqual([404, 'connection_unknown']);
});
