import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { judgeSettings } from './judge-settings.ts';

const address = 'https://media.example.com';
const judged = (env: Record<string, string>, publicUrl = address) =>
  judgeSettings(
    readConfig({ MEDIADOCK_PUBLIC_URL: publicUrl, ...env }, () => ''),
    publicUrl,
  );

test('the defaults under an https address are in order', () => {
  expect(judged({})).toMatchObject([{ subject: 'all', state: 'ok', remedy: null }]);
});

test.each([
  ['PUBLIC_URL', { MEDIADOCK_PUBLIC_URL: 'http://media.example.com' }, 'fail'],
  ['PUBLIC_URL', { MEDIADOCK_PUBLIC_URL: 'https://localhost' }, 'warn'],
  ['ALLOW_PRIVATE_NETWORKS', { MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '10.1.0.0/16, 0.0.0.0/0' }, 'fail'],
  ['FAILPOINTS_ALLOWED', { MEDIADOCK_FAILPOINTS_ALLOWED: '1' }, 'fail'],
  ['PREVIOUS_SECRET_KEYS', { MEDIADOCK_PREVIOUS_SECRET_KEYS: Buffer.alloc(32, 1).toString('base64') }, 'warn'],
  ['CAPTURES_PER_CHANNEL', { MEDIADOCK_CAPTURES: '4' }, 'warn'],
  ['DELIVERIES_PER_ENDPOINT', { MEDIADOCK_DELIVERIES: '4' }, 'warn'],
  ['INTAKE_MIN_FREE_PERCENT', { MEDIADOCK_INTAKE_MIN_FREE_PERCENT: '6' }, 'warn'],
  ['OPEN_JOURNAL_DAYS', { MEDIADOCK_OPEN_JOURNAL_DAYS: '3' }, 'warn'],
  ['MESSAGE_DAYS', { MEDIADOCK_MESSAGE_DAYS: '3' }, 'warn'],
  ['MEDIA_BYTES', { MEDIADOCK_MEDIA_BYTES: '1MiB' }, 'warn'],
])('%s that is dangerous or at odds with another is named (%o)', (name, env, state) => {
  const findings = judged(env, 'MEDIADOCK_PUBLIC_URL' in env ? env.MEDIADOCK_PUBLIC_URL : address);
  expect(findings).toMatchObject([{ check: 'settings', subject: `MEDIADOCK_${name}`, state }]);
  expect(findings[0]?.remedy).toMatch(/\w/);
});

test('a private network of usual size is nothing to warn of', () => {
  expect(judged({ MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '10.0.0.0/8, 192.168.1.7' })).toMatchObject([{ state: 'ok' }]);
});
