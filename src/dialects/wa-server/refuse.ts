// Errors in the vendor's form: `{ error: { code, message, details? }, request_id }`.

import { randomUUID } from 'node:crypto';
import type { DialectAnswer } from '../../core/dialect.ts';
import type { Fault, FaultKind } from '../../core/faults.ts';

/** Codes and their statuses (vendor's page "errors"). Its 5xx have one code. */
const codes = {
  validation_error: 400,
  invalid_api_key: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_many_devices: 409,
  device_destroyed: 410,
  request_too_large: 413,
  rate_limit_exceeded: 429,
  internal_error: 500,
} as const;

export type ErrorCode = keyof typeof codes;

/** What is gone is not there: 410 is the vendor's word for devices alone. */
const codeOf: Readonly<Record<FaultKind, ErrorCode>> = {
  invalid: 'validation_error',
  unsupported_type: 'validation_error',
  unauthenticated: 'invalid_api_key',
  forbidden: 'forbidden',
  absent: 'not_found',
  gone: 'not_found',
  conflict: 'conflict',
  too_large: 'request_too_large',
  too_many: 'rate_limit_exceeded',
  overloaded: 'internal_error',
  internal: 'internal_error',
};

/** @param more `field`: the member or parameter that is wrong; `status`: another than that of the code */
export function errorAnswer(
  code: ErrorCode,
  message: string,
  more: { field?: string; status?: number } = {},
): DialectAnswer {
  const { field, status = codes[code] } = more;
  const error = { code, message, ...(field !== undefined && { details: { field } }) };
  return { status, json: { error, request_id: randomUUID() } };
}

export function refuse(fault: Fault): DialectAnswer {
  const code = codeOf[fault.kind];
  const [problem] = fault.kind === 'invalid' ? fault.problems : [];
  if (problem !== undefined) {
    const field = problem.field.replace(/^(?:body|query|path)(?:\.|$)/, '');
    const message = `${field || 'The body'} ${problem.message}.`;
    return errorAnswer(code, message, field === '' ? {} : { field });
  }
  return errorAnswer(code, fault.message, fault.kind === 'overloaded' ? { status: 503 } : {});
}
