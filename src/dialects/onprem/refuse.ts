// Errors in the vendor's form: `{ meta, errors: [{ code, title, details }] }`, with the codes of its error page.

import type { DialectAnswer } from '../../core/dialect.ts';
import { type Fault, type FaultKind, faults } from '../../core/faults.ts';
import { unknownMember } from '../schemas.ts';

/** Stands in every answer with a body. The version is that of the vendor's samples. */
export const meta = { api_status: 'stable', version: '3.0.0.0' };

const titles = {
  1000: 'Generic error',
  1005: 'Access denied',
  1006: 'Resource not found',
  1008: 'Required parameter is missing',
  1009: 'Parameter value is not valid',
  1010: 'Parameter is not required',
  1011: 'Service not ready',
  1014: 'Internal error',
  1015: 'Too many requests',
  1016: 'System overloaded',
} as const;

type Code = keyof typeof titles;

const of: Readonly<Record<FaultKind, readonly [status: number, code: Code]>> = {
  invalid: [400, 1009],
  too_large: [413, 1009],
  unsupported_type: [415, 1009],
  unauthenticated: [401, 1005],
  forbidden: [403, 1005],
  absent: [404, 1006],
  // What is gone is not there.
  gone: [404, 1006],
  conflict: [409, 1000],
  too_many: [429, 1015],
  overloaded: [503, 1016],
  internal: [500, 1014],
};

export const errorAnswer = (status: number, code: Code, details: string): DialectAnswer => ({
  status,
  json: { meta, errors: [{ code, title: titles[code], details }] },
});

export function refuse(fault: Fault): DialectAnswer {
  const [status, code] = of[fault.kind];
  if (fault.kind === 'unauthenticated') return errorAnswer(status, code, 'Invalid credentials.');
  if (fault.kind === 'absent' || fault.kind === 'gone') return errorAnswer(status, code, 'URL path not found.');
  const [problem] = fault.kind === 'invalid' ? fault.problems : [];
  if (problem === undefined) return errorAnswer(status, code, fault.detail ?? faults[fault.code].says);
  const field = problem.field.replace(/^(?:body|query|path)(?:\.|$)/, '') || 'The body';
  const details = `${field} ${problem.message}.`;
  return errorAnswer(status, problem.message === unknownMember ? 1010 : code, details);
}
