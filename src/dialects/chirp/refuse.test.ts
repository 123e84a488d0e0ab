import { expect, test } from 'vitest';
import { Fault, invalid } from '../../core/faults.ts';
import { refuse } from './refuse.ts';

test('a wrong member is named as the client wrote it', () => {
  expect(refuse(invalid('body.events.1', 'is unknown'))).toEqual({
    status: 400,
    json: { error: { type: 'invalid_request_error', message: 'events.1 is unknown.', param: 'events.1' } },
  });
  expect(refuse(invalid('body', 'is not JSON'))).toMatchObject({
    status: 400,
    json: { error: { message: 'The body is not JSON.', param: null } },
  });
});

test('too many requests are refused with a plain sentence that tells the seconds', () => {
  const { status, ...answer } = refuse(new Fault('rate_limited', { retryAfter: 29.2 }));
  expect(status).toBe(429);
  expect(answer).toMatchObject({ json: { error: expect.stringMatching(/\b30 seconds\b/) } });
});

test.each([
  ['key_missing', 401, 'authentication_error'],
  ['key_unknown', 401, 'authentication_error'],
  ['permission_missing', 403, 'authentication_error'],
  ['not_found', 404, 'invalid_request_error'],
  ['media_gone', 404, 'invalid_request_error'],
  ['body_too_large', 400, 'invalid_request_error'],
  ['body_type_unsupported', 400, 'invalid_request_error'],
  ['name_taken', 409, 'invalid_request_error'],
  ['media_not_ready', 409, 'invalid_request_error'],
  ['internal', 500, 'api_error'],
  ['stopping', 503, 'api_error'],
] as const)('%s is a %i of the type %s', (code, status, type) => {
  expect(refuse(new Fault(code))).toMatchObject({ status, json: { error: { type, message: expect.any(String) } } });
});

test('the cause of a failure stays inside', () => {
  const answer = refuse(new Fault('internal', { cause: new Error('password=hunter2') }));
  expect(JSON.stringify(answer)).not.toContain('hunter2');
});
