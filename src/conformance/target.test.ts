import { expect, test } from 'vitest';
import { type Check, type CheckResult, offered, runChecks } from './target.ts';

const target = { url: 'http://dock.example', key: 'k', media: 'mk_1' };
const checks: Check[] = [
  { name: 'passes', needs: [], run: () => Promise.resolve() },
  { name: 'fails', needs: ['media'], run: (given) => Promise.reject(new Error(`not ${offered(given, 'media')}`)) },
  { name: 'cannot run', needs: ['media', 'receiver', 'advance'], run: () => Promise.reject(new Error('was run')) },
];

test('what passed, what failed and what could not be run are told apart', async () => {
  const results: CheckResult[] = [];
  for await (const result of runChecks(checks, target)) results.push(result);
  expect(results).toEqual([
    { name: 'passes', is: 'passed' },
    { name: 'fails', is: 'failed', error: new Error('not mk_1') },
    { name: 'cannot run', is: 'not_run', lacks: ['receiver', 'advance'] },
  ]);
});

test('a check that uses what it did not name is told so', () => {
  expect(() => offered(target, 'inject')).toThrow('without naming it');
});
