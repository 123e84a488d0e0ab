import { expect, test } from 'vitest';
import { Fault } from '../../core/faults.ts';
import { clientTokensOf, isMediaHost, readChannel, readConnection } from './settings.ts';

const least = { client_token: 'SJENCPGJESMGUFPY' };

function refused(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof Fault) return error.problems.map(({ field }) => field);
    throw error;
  }
  throw new Error('nothing was refused');
}

test('a client token is enough, the rest has defaults that belong to the live service', () => {
  expect(readConnection(least)).toEqual({
    settings: { api_url: 'https://rcsbusinessmessaging.googleapis.com', media_hosts: ['*.googleapis.com'] },
    secrets: { client_token: ['SJENCPGJESMGUFPY'] },
  });
});

test('two client tokens are in force while one is rotated, and a change touches only what it names', () => {
  const before = readConnection({ ...least, agent_id: 'a@rbm.goog' });
  const after = readConnection({ client_token: ['new', 'SJENCPGJESMGUFPY'] }, before);
  expect(clientTokensOf(after)).toEqual(['new', 'SJENCPGJESMGUFPY']);
  expect(after.settings).toEqual(before.settings);
});

test('media hosts are compared whole, with their port, and a domain with anything before it', () => {
  const account = readConnection({
    ...least,
    media_hosts: ['CDN.example', 'files.example:8443', '*.wide.example', '[::1]:90'],
  });
  expect(account.settings['media_hosts']).toEqual(['cdn.example', 'files.example:8443', '*.wide.example', '[::1]:90']);
  const isOne = (url: string) => isMediaHost(new URL(url), account);
  for (const url of [
    'https://cdn.example/x',
    'https://files.example:8443/x',
    'https://a.b.wide.example/x',
    'http://[::1]:90/x',
  ]) {
    expect(isOne(url), url).toBe(true);
  }
  for (const url of [
    'https://cdn.example:81/x',
    'https://files.example/x',
    'https://wide.example/x',
    'https://notwide.example/x',
    'https://storage.googleapis.com/x',
  ]) {
    expect(isOne(url), url).toBe(false);
  }
});

test('everything that is wrong is named', () => {
  const odd = {
    agent_id: '',
    api_url: 'https://x/path',
    media_hosts: ['https://x', '*', 'x/y', 'u@x', 'x:99999'],
    token: 1,
  };
  expect(new Set(refused(() => readConnection(odd)))).toEqual(
    new Set([
      'body.client_token',
      'body.agent_id',
      'body.api_url',
      'body.token',
      ...[0, 1, 2, 3, 4].map((at) => `body.media_hosts.${at}`),
    ]),
  );
  expect(refused(() => readConnection({ ...least, media_hosts: [] }))).toEqual(['body.media_hosts']);
  expect(refused(() => readChannel({ access_token: 'x' }))).toEqual(['body.access_token']);
});
