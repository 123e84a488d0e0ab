import { expect, test } from 'vitest';
import { golden } from '../../../test/conformance/golden.ts';
import { Fault } from '../../core/faults.ts';
import { filesPath, libraryPath } from './paths.ts';
import { rateHeaders, refuse } from './refuse.ts';

const errors = golden('qlara/golden/errors.json');

const refused = (fault: Fault, path = `${filesPath}/mk_0`) => {
  const answer = refuse(fault, { path, now: 0 });
  return 'json' in answer ? { status: answer.status, body: answer.json } : undefined;
};

test.each([
  ['key missing, unknown or revoked', new Fault('key_missing'), filesPath],
  ['key missing, unknown or revoked', new Fault('key_unknown'), filesPath],
  ['media unknown, of another account, not there yet or gone', new Fault('not_found'), filesPath],
  ['media unknown, of another account, not there yet or gone', new Fault('media_gone'), filesPath],
])('%s, because of %s', (name, fault, path) => {
  expect(refused(fault, path)).toEqual(errors[name]);
});

test('what the caller did wrong is a fail that says what, what we cannot do an error', () => {
  expect(refused(new Fault('invalid_request', { detail: 'file: is missing' }))).toEqual({
    status: 400,
    body: { status: 'fail', data: { error: 'file: is missing' } },
  });
  expect(refused(new Fault('permission_missing'))?.status).toBe(403);
  expect(refused(new Fault('body_too_large'))?.status).toBe(413);
  expect(refused(new Fault('name_taken'))?.status).toBe(409);
  expect(refused(new Fault('internal'))).toEqual({
    status: 500,
    body: { status: 'error', message: 'Something went wrong on our side.' },
  });
  expect(refused(new Fault('storage_full'))?.status).toBe(503);
  expect(refused(new Fault('storage_full'), `/a/app_1${libraryPath}`)).toMatchObject({
    status: 502,
    body: { status: 'error' },
  });
});

test('too many requests are told when to come back, in whole seconds', () => {
  expect(refused(new Fault('rate_limited', { retryAfter: 0.2 }))).toEqual({
    status: 429,
    body: {
      status: 429,
      error: 'Too Many Requests',
      message: expect.any(String),
      retryAfter: 1,
    },
  });
  expect(rateHeaders({ limit: 1000, remaining: 7, resetAt: 1_500, now: 0 })).toEqual({
    'x-ratelimit-limit': '1000',
    'x-ratelimit-remaining': '7',
    'x-ratelimit-reset': '2',
  });
});
