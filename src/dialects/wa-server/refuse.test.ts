import { expect, test } from 'vitest';
import { golden } from '../../../test/conformance/golden.ts';
import { type Form, mustFit } from '../../conformance/form.ts';
import { Fault, invalid } from '../../core/faults.ts';
import { refuse } from './refuse.ts';

const errors = golden('wa-server/golden/errors.json') as Readonly<Record<string, { status: number; body: Form }>>;

function refused(fault: Fault) {
  const answer = refuse(fault);
  if (!('json' in answer)) throw new Error('an error is JSON');
  return { status: answer.status, json: answer.json };
}

test.each([
  ['400 no path', invalid('query.path', 'is missing')],
  ['400 not a UUID', invalid('path.device_id', 'is not a UUID')],
  ['400 no name', invalid('body.device_name', 'must be of type string')],
  ['400 not JSON', new Fault('invalid_request')],
  ['401 no key', new Fault('key_missing')],
  ['401 unknown key', new Fault('key_unknown')],
  ['403 a key that may not', new Fault('permission_missing')],
  ['404 no such device', new Fault('not_found')],
  ['404 a file whose time is over', new Fault('media_gone')],
  ['409 the name is in use', new Fault('name_taken')],
  ['413 too large', new Fault('body_too_large')],
  ['429 too often', new Fault('rate_limited', { retryAfter: 3 })],
])('%s', (name, fault) => {
  const { status, json } = refused(fault);
  expect(status).toBe(errors[name]?.status);
  mustFit(json, errors[name]?.body ?? null);
});

test('a wrong member is named as the client wrote it', () => {
  expect(refused(invalid('body', 'is not JSON')).json).toMatchObject({
    error: { code: 'validation_error', message: 'The body is not JSON.' },
  });
  expect(refused(invalid('body.device_name', 'is missing')).json).toMatchObject({
    error: { message: 'device_name is missing.', details: { field: 'device_name' } },
  });
});

test('what is wrong on our side is told by its status alone', () => {
  const cause = new Error('password=hunter2');
  for (const [code, status] of [
    ['internal', 500],
    ['not_durable', 503],
  ] as const) {
    const answer = refused(new Fault(code, { cause }));
    expect(answer).toMatchObject({ status, json: { error: { code: 'internal_error' } } });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  }
});

test('each refusal has an id of its own', () => {
  const ids = [1, 2].map(() => JSON.stringify(refused(new Fault('not_found')).json));
  expect(ids[0]).not.toBe(ids[1]);
});
