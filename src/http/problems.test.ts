import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Fault, type FaultCode, faults } from '../core/faults.ts';
import { ProtocolFault, type ProtocolFaultCode, problemOf, protocolFaults } from './problems.ts';

const codes = Object.keys(faults) as FaultCode[];
const protocolCodes = Object.keys(protocolFaults) as ProtocolFaultCode[];

test('docs/faults.md lists every code with its status and its sentence, and no code that does not exist', () => {
  const rows = [...readFileSync('docs/faults.md', 'utf8').matchAll(/^\| `(\w+)` \| (\d+) \| (.*) \|$/gm)];
  const written = rows.map(([, code, status, says]) => `${code} ${status} ${says}`);
  const due = [...codes.map((code) => new Fault(code)), ...protocolCodes.map((code) => new ProtocolFault(code))].map(
    (fault) => {
      const { status, body } = problemOf(fault);
      return `${fault.code} ${status} ${body['title']}`;
    },
  );
  expect(written.sort()).toEqual(due.sort());
});

test('a fault shows its detail and its fields, and never its cause', () => {
  const problem = problemOf(
    new Fault('invalid_request', {
      detail: 'body.name: is required',
      problems: [{ field: 'body.name', message: 'is required' }],
      cause: new Error('hunter2'),
    }),
  );
  expect(problem).toMatchObject({
    status: 400,
    body: { detail: 'body.name: is required', errors: [{ field: 'body.name', message: 'is required' }] },
  });
  expect(JSON.stringify(problem)).not.toContain('hunter2');
});

test('a wait is whole seconds, rounded up', () => {
  expect(problemOf(new Fault('stopping', { retryAfter: 0.2 })).headers['retry-after']).toBe('1');
  expect(problemOf(new Fault('stopping')).headers['retry-after']).toBeUndefined();
});

test('no refusal may be kept by a cache', () => {
  for (const code of codes) expect(problemOf(new Fault(code)).headers['cache-control'], code).toBe('no-store');
});
