// Errors in the vendor's flat form. It shows one of them whole, that of a file that is gone; the other codes stand in its
// table of statuses or, where it has none, are ours.

import type { DialectAnswer } from '../../core/dialect.ts';
import type { Fault, FaultKind } from '../../core/faults.ts';

const forms = {
  invalid: { status: 400, code: 'VALIDATION_ERROR' },
  unauthenticated: { status: 401, code: 'UNAUTHORIZED' },
  forbidden: { status: 403, code: 'FORBIDDEN' },
  absent: { status: 404, code: 'NOT_FOUND' },
  conflict: { status: 409, code: 'CONFLICT' },
  gone: { status: 410, code: 'MEDIA_EXPIRED' },
  too_large: { status: 413, code: 'PAYLOAD_TOO_LARGE' },
  unsupported_type: { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
  too_many: { status: 429, code: 'RATE_LIMITED' },
  overloaded: { status: 503, code: 'SERVICE_UNAVAILABLE' },
  internal: { status: 500, code: 'INTERNAL_ERROR' },
} as const satisfies Record<FaultKind, { status: number; code: string }>;

export type ErrorCode = (typeof forms)[FaultKind]['code'] | 'NOT_AVAILABLE';

export const errorAnswer = (status: number, code: ErrorCode, error: string): DialectAnswer => ({
  status,
  json: { error, code },
});

export function refuse(fault: Fault): DialectAnswer {
  const { status, code } = forms[fault.kind];
  return errorAnswer(status, code, fault.kind === 'gone' ? 'Media expired' : fault.message);
}

/** The answer to whatever would send: mediadock receives for now. */
export const notAvailable = { code: 'NOT_AVAILABLE', error: 'Sending is not available here' } as const;
