// Errors in the vendor's form: `{ error: { type, message, code?, param? } }`, except where too much was asked.

import type { DialectAnswer } from '../../core/dialect.ts';
import { type Fault, type FaultKind, faults } from '../../core/faults.ts';

/** Codes that a client can act on; most errors have none. */
export type ErrorCode = 'media_not_ready' | 'invalid_phone_number' | 'test_app_required' | 'sending_not_available';

/** Which statuses a type has (vendor's page "errors"). */
const types = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'authentication_error',
  404: 'invalid_request_error',
  409: 'invalid_request_error',
  500: 'api_error',
  503: 'api_error',
} as const;

type Status = keyof typeof types;

/** The vendor has no 410, 413 and 415: what is gone is not there, and a body it does not take is a wrong request. */
const statusOf: Readonly<Record<Exclude<FaultKind, 'too_many'>, Status>> = {
  invalid: 400,
  too_large: 400,
  unsupported_type: 400,
  unauthenticated: 401,
  forbidden: 403,
  absent: 404,
  gone: 404,
  conflict: 409,
  internal: 500,
  overloaded: 503,
};

/** @param param the member that is wrong; null: none in particular */
export function errorAnswer(
  status: Status,
  message: string,
  more: { code?: ErrorCode; param?: string | null } = {},
): DialectAnswer {
  return { status, json: { error: { type: types[status], message, ...more } } };
}

export function refuse(fault: Fault): DialectAnswer {
  const { kind } = fault;
  if (kind === 'too_many') {
    const seconds = Math.ceil(fault.retryAfter ?? 60);
    return { status: 429, json: { error: `Too many requests with this key: try again in ${seconds} seconds.` } };
  }
  const status = statusOf[kind];
  const message = fault.detail ?? faults[fault.code].says;
  if (fault.code === 'media_not_ready') return errorAnswer(status, message, { code: 'media_not_ready' });
  if (kind !== 'invalid') return errorAnswer(status, message);
  const [problem] = fault.problems;
  if (problem === undefined) return errorAnswer(status, message, { param: null });
  const param = problem.field.replace(/^body\.?/, '');
  return errorAnswer(status, `${param || 'The body'} ${problem.message}.`, { param: param || null });
}
