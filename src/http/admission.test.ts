import { expect, test } from 'vitest';
import { adminKey, furnish, keyOf, openHttp } from '../../test/http/rig.ts';

test('a call without a key is told how to give one; an unknown key is told so', async () => {
  const http = await openHttp();
  for (const headers of [{}, { authorization: 'Basic YTpi' }, { authorization: 'Bearer' }, { 'x-api-key': '' }]) {
    const answer = await http.call('GET', '/api/v1/media', { key: null, headers });
    expect([answer.status, answer.json['code']]).toEqual([401, 'key_missing']);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  }
  const unknown = await http.call('GET', '/api/v1/media', { key: 'mdk_live_nobody' });
  expect([unknown.status, unknown.json['code']]).toEqual([401, 'key_unknown']);
  expect(unknown.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
});

test('a key is taken from either header, however the scheme is written', async () => {
  const http = await openHttp();
  for (const headers of [
    { authorization: `Bearer ${adminKey}` },
    { authorization: `bearer   ${adminKey}` },
    { 'x-api-key': adminKey },
    { authorization: 'Basic YTpi', 'x-api-key': adminKey },
  ]) {
    expect((await http.call('GET', '/api/v1/media', { key: null, headers })).status).toBe(200);
  }
});

test('who has no key is refused before the body is read', async () => {
  const http = await openHttp();
  const body = 'x'.repeat(1 << 20);
  const answer = await http.call('POST', '/api/v1/apps', { key: null, body });
  expect(answer.json['code']).toBe('key_missing');
});

test('each permission opens its own calls and no others', async () => {
  const http = await openHttp();
  const { app, media } = await furnish(http);
  const calls = {
    read: ['GET', `/api/v1/media/${media.id}`],
    send: ['POST', `/api/v1/media/${media.id}/retry`],
    manage: ['GET', `/api/v1/apps/${app.id}`],
  } as const;
  for (const permission of ['read', 'send', 'manage']) {
    const key = await keyOf(http, app, [permission]);
    for (const [needed, [method, path]] of Object.entries(calls)) {
      const { json } = await http.call(method, path, { key });
      expect(json['code'] === 'permission_missing', `${permission} calls ${path}`).toBe(needed !== permission);
    }
  }
});

test('a key of an app cannot do what needs the whole instance, whatever its permissions', async () => {
  const http = await openHttp();
  const { app, key, connection } = await furnish(http);
  for (const [method, path] of [
    ['GET', '/api/v1/organizations'],
    ['POST', '/api/v1/apps'],
    ['DELETE', `/api/v1/apps/${app.id}`],
    ['GET', `/api/v1/connections/${connection.id}`],
    ['POST', '/api/v1/channels'],
    ['GET', '/api/v1/journal'],
    ['POST', '/api/v1/sandbox/messages'],
  ] as const) {
    const answer = await http.call(method, path, { key });
    expect([answer.status, answer.json['code']], path).toEqual([403, 'permission_missing']);
  }
});

test('a revoked key ends within a second', async () => {
  const http = await openHttp();
  const { app } = await furnish(http);
  const made = await http.call('POST', `/api/v1/apps/${app.id}/keys`, { body: {} });
  const key = String(made.json['key']);
  expect((await http.call('GET', '/api/v1/media', { key })).status).toBe(200);
  expect((await http.call('DELETE', `/api/v1/apps/${app.id}/keys/${made.json['id']}`)).status).toBe(204);
  http.moveTo(http.parts.clock.now() + 1000);
  expect((await http.call('GET', '/api/v1/media', { key })).json['code']).toBe('key_unknown');
});
