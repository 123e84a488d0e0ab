// Errors as callers see them: RFC 9457 problem documents, one form for every error anywhere. What a fault is called and
// says stands in core's table; here it gets its status. What belongs to HTTP alone has a small table of its own.

import { z } from 'zod';
import { type Fault, type FaultCode, type FaultKind, type FieldProblem, faults } from '../core/faults.ts';
import type { JsonObject } from '../core/json.ts';

export const statusOfKind: Readonly<Record<FaultKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  absent: 404,
  conflict: 409,
  gone: 410,
  too_large: 413,
  unsupported_type: 415,
  too_many: 429,
  internal: 500,
  overloaded: 503,
};

/** What can be wrong with a request before or beside what it asks for. */
export const protocolFaults = {
  method_not_allowed: { status: 405, says: 'This address does not know the method.' },
  request_too_slow: { status: 408, says: 'The request did not arrive in time.' },
  upgrade_required: { status: 426, says: 'Here one speaks over a WebSocket.' },
  range_not_satisfiable: { status: 416, says: 'The file has no bytes in this range.' },
  headers_too_large: { status: 431, says: 'The headers of the request exceed the size limit.' },
} as const;

export type ProtocolFaultCode = keyof typeof protocolFaults;

export class ProtocolFault extends Error {
  override readonly name = 'ProtocolFault';
  readonly code: ProtocolFaultCode;
  /** Headers that belong to the answer, such as Allow. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProtocolFaultCode, headers: Readonly<Record<string, string>> = {}) {
    super(protocolFaults[code].says);
    this.code = code;
    this.headers = headers;
  }
}

/** What every error looks like. */
export const problem = z
  .strictObject({
    type: z.string().meta({ examples: ['urn:mediadock:fault:not_found'] }),
    title: z.string().meta({ description: 'The sentence that belongs to the code.' }),
    status: z.int(),
    detail: z.string().meta({ description: 'About this one request.' }),
    code: z.string().meta({ description: 'For programs; it never changes its meaning. New ones may be added.' }),
    errors: z.array(
      z.strictObject({
        field: z.string().meta({ examples: ['body.name'] }),
        message: z.string().meta({ examples: ['is required'] }),
      }),
    ),
  })
  .meta({ id: 'Problem', description: 'RFC 9457.' });

export type Problem = { status: number; headers: Record<string, string>; body: JsonObject };

// RFC 6750 section 3: without a key there is nothing to complain about but its absence.
const challenges: Partial<Record<FaultCode, string>> = {
  key_missing: 'Bearer',
  key_unknown: 'Bearer error="invalid_token"',
};

export function problemOf(fault: Fault | ProtocolFault): Problem {
  if (fault.name === 'ProtocolFault') {
    const { status, says } = protocolFaults[fault.code];
    return document(status, fault.code, says, says, [], fault.headers);
  }
  const challenge = challenges[fault.code];
  return document(statusOfKind[fault.kind], fault.code, faults[fault.code].says, fault.detail, fault.problems, {
    ...(challenge !== undefined && { 'www-authenticate': challenge }),
    ...(fault.retryAfter !== undefined && { 'retry-after': String(Math.ceil(fault.retryAfter)) }),
  });
}

function document(
  status: number,
  code: string,
  title: string,
  detail: string | undefined,
  problems: readonly FieldProblem[],
  headers: Readonly<Record<string, string>>,
): Problem {
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: {
      type: `urn:mediadock:fault:${code}`,
      title,
      status,
      detail: detail ?? title,
      code,
      errors: problems.map(({ field, message }) => ({ field, message })),
    },
  };
}
