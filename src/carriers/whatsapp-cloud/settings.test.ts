import { expect, test } from 'vitest';
import { Fault } from '../../core/faults.ts';
import { graphOf, readChannel, readConnection, secretsOf, tokenOrigins } from './settings.ts';

const least = { app_secret: 'shh', verify_token: 'let me in' };

function problems(read: () => unknown): Record<string, string> {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.code).toBe('invalid_request');
    return Object.fromEntries(error.problems.map(({ field, message }) => [field, message]));
  }
  throw new Error('nothing was refused');
}

test('two secrets are enough, the rest has defaults that belong to the live service', () => {
  const account = readConnection(least);
  expect(account.settings).toEqual({
    graph_url: 'https://graph.facebook.com',
    graph_version: 'v24.0',
    media_hosts: [],
  });
  expect(account.secrets).toEqual({ app_secret: ['shh'], verify_token: ['let me in'] });
  expect(graphOf(account)).toBe('https://graph.facebook.com/v24.0');
  expect([...tokenOrigins(account)]).toEqual(['https://lookaside.fbsbx.com', 'https://graph.facebook.com']);
});

test('a secret may be two while it is rotated, and never three or none', () => {
  expect(secretsOf(readConnection({ ...least, app_secret: ['new', 'old'] }), 'app_secret')).toEqual(['new', 'old']);
  for (const app_secret of [['a', 'b', 'c'], [], '', 'has space', 7, null, [''], {}]) {
    expect(Object.keys(problems(() => readConnection({ ...least, app_secret }))), String(app_secret)).toEqual([
      'body.app_secret',
    ]);
  }
});

test('a graph address keeps its path, loses its trailing slash, and holds no version, query or password', () => {
  const { settings } = readConnection({
    ...least,
    graph_url: 'http://127.0.0.1:4010/whatsapp/',
    graph_version: 'v23.0',
  });
  expect(settings['graph_url']).toBe('http://127.0.0.1:4010/whatsapp');
  for (const graph_url of [
    'ftp://x',
    'graph',
    'https://u:p@x',
    'https://x/?a=1',
    'https://x/#f',
    'https://x/v24.0',
    4,
  ]) {
    expect(Object.keys(problems(() => readConnection({ ...least, graph_url })))).toEqual(['body.graph_url']);
  }
});

test('media hosts may see the token at their own port, or at the default port of either scheme', () => {
  const account = readConnection({ ...least, media_hosts: ['CDN.example', 'files.example:8443', '[::1]:9000'] });
  expect(account.settings['media_hosts']).toEqual(['cdn.example', 'files.example:8443', '[::1]:9000']);
  const origins = tokenOrigins(account);
  for (const origin of [
    'https://cdn.example',
    'http://cdn.example',
    'https://files.example:8443',
    'http://[::1]:9000',
  ]) {
    expect(origins.has(origin), origin).toBe(true);
  }
  for (const origin of [
    'https://files.example',
    'https://cdn.example:8443',
    'http://lookaside.fbsbx.com',
    'https://evil-cdn.example',
  ]) {
    expect(origins.has(origin), origin).toBe(false);
  }
});

test('a media host is a host and nothing around it', () => {
  for (const host of ['https://x', 'x/y', 'u@x', 'x:port', 'x:99999', '', 'a b', 'x?y', '*.example/']) {
    expect(Object.keys(problems(() => readConnection({ ...least, media_hosts: [host] }))), host).toEqual([
      'body.media_hosts.0',
    ]);
  }
});

test('everything that is wrong is named at once, unknown members too', () => {
  const found = problems(() => readConnection({ verify_token: 1, graph_version: '24', app_id: 'x', token: 'y' }));
  expect(new Set(Object.keys(found))).toEqual(
    new Set(['body.app_id', 'body.app_secret', 'body.graph_version', 'body.token', 'body.verify_token']),
  );
  expect(found['body.app_secret']).toBe('is required');
});

test('a change touches only what it names', () => {
  const before = readConnection({ ...least, graph_version: 'v23.0' });
  const after = readConnection({ app_secret: ['new', 'shh'], media_hosts: ['cdn.example'] }, before);
  expect(after.secrets).toEqual({ app_secret: ['new', 'shh'], verify_token: ['let me in'] });
  expect(after.settings).toEqual({ ...before.settings, media_hosts: ['cdn.example'] });
  expect(readConnection({}, before)).toEqual(before);
});

test('a channel needs an access token that a header can carry', () => {
  expect(readChannel({ access_token: 'EAAG' })).toEqual({ secrets: { access_token: 'EAAG' } });
  expect(readChannel({}, { access_token: 'EAAG' })).toEqual({ secrets: { access_token: 'EAAG' } });
  expect(readChannel({ access_token: 'next' }, { access_token: 'EAAG' })).toEqual({
    secrets: { access_token: 'next' },
  });
  expect(problems(() => readChannel({}))).toEqual({ 'body.access_token': 'is required' });
  for (const access_token of ['', 'a b', 'a\r\nx: y', 'é', 5, null]) {
    expect(Object.keys(problems(() => readChannel({ access_token })))).toEqual(['body.access_token']);
  }
});

test('no refusal repeats a secret', () => {
  const found = problems(() => readConnection({ app_secret: 'sec ret', verify_token: ['tok1', 'tok2', 'tok3'] }));
  expect(JSON.stringify(found)).not.toMatch(/sec ret|tok1/);
});
