import { expect, test } from 'vitest';
import { z } from 'zod';
import { Fault } from '../core/faults.ts';
import { validated } from './validated.ts';

const schemas = {
  params: z.object({ id: z.string() }),
  query: z.strictObject({ limit: z.coerce.number().max(200).default(50) }),
  body: z.strictObject({
    name: z.string().min(1).max(5),
    kind: z.enum(['a', 'b']).optional(),
    list: z.array(z.strictObject({ size: z.int().min(1) })).optional(),
  }),
};

const problemsOf = (body: unknown): Record<string, string> => {
  try {
    validated(schemas, { params: { id: 'x' }, query: {}, body });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return Object.fromEntries(error.problems.map(({ field, message }) => [field, message]));
  }
  return {};
};

test('what fits comes back with defaults filled in', () => {
  expect(validated(schemas, { params: { id: 'x' }, query: { limit: '7' }, body: { name: 'n' } })).toEqual({
    params: { id: 'x' },
    query: { limit: 7 },
    body: { name: 'n' },
  });
});

test('each problem reads on from the name of its field', () => {
  expect(problemsOf({ kind: 'c', list: [{ size: 0 }, { size: 1.5, more: 1 }], extra: 1 })).toEqual({
    'body.name': 'is required',
    'body.kind': 'must be one of: a, b',
    'body.list.0.size': 'must be at least 1',
    'body.list.1.size': 'must be a whole number',
    'body.list.1.more': 'is not known here',
    'body.extra': 'is not known here',
  });
  expect(problemsOf({ name: '' })).toEqual({ 'body.name': 'must not be empty' });
  expect(problemsOf({ name: 'too long' })).toEqual({ 'body.name': 'must have at most 5 characters' });
  expect(problemsOf({ name: null })).toEqual({ 'body.name': 'must be of type string' });
  expect(problemsOf([])).toEqual({ body: 'must be of type object' });
});

test('nothing that was sent is repeated but the names of members', () => {
  expect(JSON.stringify(problemsOf({ name: { secret: 'hunter2' }, kind: 'hunter2', list: ['hunter2'] }))).not.toContain(
    'hunter2',
  );
});

test('a request that is wrong in very many places is answered with a bounded list', () => {
  const members = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`m${at}`, 1]));
  const list = Array.from({ length: 5000 }, () => ({ size: 'x' }));
  expect(Object.keys(problemsOf({ name: 'n', list, ...members })).length).toBeLessThanOrEqual(100);
});
