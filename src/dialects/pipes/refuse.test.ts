import { expect, test } from 'vitest';
import { golden } from '../../../test/conformance/golden.ts';
import { type Form, mustFit } from '../../conformance/form.ts';
import { Fault, type FaultCode } from '../../core/faults.ts';
import { refuse } from './refuse.ts';

const errors = golden('pipes/golden/errors.json') as Readonly<Record<string, { status: number; body: Form }>>;

test.each([
  ['key missing, unknown or revoked', 'key_missing'],
  ['key missing, unknown or revoked', 'key_unknown'],
  ['a key that may not', 'permission_missing'],
  ['media unknown', 'not_found'],
  ['media older than 48 hours, or deleted', 'media_gone'],
  ['a request that is not well formed', 'invalid_request'],
  ['too many requests', 'rate_limited'],
  ['something wrong on our side', 'internal'],
] satisfies [string, FaultCode][])('%s: %s', (name, code) => {
  const { status, ...answer } = refuse(new Fault(code));
  expect(status).toBe(errors[name]?.status);
  mustFit('json' in answer ? answer.json : undefined, errors[name]?.body ?? null);
});
