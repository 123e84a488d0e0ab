import { expect, test } from 'vitest';
import { type Fault as AnyFault, Fault, type FaultCode, faults, invalid } from '../../core/faults.ts';
import { refuse } from './refuse.ts';

type Refusal = { meta: object; errors: { code: number; title: string; details: string }[] };

function told(fault: AnyFault): { status: number; code: number | undefined; details: string | undefined } {
  const answer = refuse(fault);
  const { errors } = ('json' in answer ? answer.json : {}) as Refusal;
  expect(errors).toHaveLength(1);
  return { status: answer.status, code: errors[0]?.code, details: errors[0]?.details };
}

test('every fault has one of the codes of the vendor, and tells nothing of its cause', () => {
  for (const code of Object.keys(faults) as FaultCode[]) {
    const fault = new Fault(code, { cause: new Error('the password of the database') });
    const seen = told(fault);
    expect(seen.code, code).toBeGreaterThanOrEqual(1000);
    expect(seen.status, code).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(refuse(fault))).not.toContain('database is');
    expect(JSON.stringify(refuse(fault))).not.toContain('password of');
  }
});

test('whoever is not known, and whatever is not there, is refused in the words of the vendor', () => {
  const unknown = { status: 401, code: 1005, details: 'Invalid credentials.' };
  expect(told(new Fault('key_missing'))).toEqual(unknown);
  expect(told(new Fault('key_unknown', { detail: 'something else' }))).toEqual(unknown);
  const absent = { status: 404, code: 1006, details: 'URL path not found.' };
  expect(told(new Fault('not_found'))).toEqual(absent);
  expect(told(new Fault('media_gone'))).toEqual(absent);
});

test('a member that is wrong is named, and one that nobody knows has a code of its own', () => {
  expect(told(invalid('body.webhooks.url', 'must be https'))).toEqual({
    status: 400,
    code: 1009,
    details: 'webhooks.url must be https.',
  });
  expect(told(invalid('body.colour', 'is not known here')).code).toBe(1010);
  expect(told(invalid('body', 'is empty')).details).toBe('The body is empty.');
});
