// Errors in qlara's words. They take three shapes: `fail` for what the caller can mend, `error` for what we must, and a third
// one for too many requests.

import type { DialectAnswer, Facade } from '../../core/dialect.ts';
import type { Fault, FaultKind } from '../../core/faults.ts';
import type { JsonObject } from '../../core/json.ts';
import { libraryPath } from './paths.ts';

const statuses: Record<Exclude<FaultKind, 'unauthenticated' | 'too_many'>, number> = {
  invalid: 400,
  unsupported_type: 400,
  forbidden: 403,
  absent: 404,
  // A file whose time is over is not told from one that never was.
  gone: 404,
  conflict: 409,
  too_large: 413,
  overloaded: 503,
  internal: 500,
};

const fail = (status: number, data: JsonObject): DialectAnswer => ({ status, json: { status: 'fail', data } });
export const error = (status: number, message: string): DialectAnswer => ({
  status,
  json: { status: 'error', message },
});

export const refuse: Facade['refuse'] = (fault, { path }) => {
  const { kind } = fault;
  switch (kind) {
    case 'unauthenticated':
      return fail(401, { authentication: 'Invalid or missing API key' });
    case 'too_many':
      return tooMany(fault);
    case 'overloaded':
      // The media library's word for a store that is down.
      return error(path.includes(libraryPath) ? 502 : statuses[kind], fault.message);
    case 'internal':
      return error(statuses[kind], fault.message);
    case 'absent':
    case 'gone':
      return fail(statuses[kind], { error: fault.detail ?? 'Media not found or expired' });
    default:
      return fail(statuses[kind], { error: fault.message });
  }
};

function tooMany(fault: Fault): DialectAnswer {
  const retryAfter = Math.max(1, Math.ceil(fault.retryAfter ?? 1));
  return { status: 429, json: { status: 429, error: 'Too Many Requests', message: fault.message, retryAfter } };
}

/** The vendor names the first two and cuts the third; Unix seconds here. */
export const rateHeaders: Facade['rateHeaders'] = ({ limit, remaining, resetAt }) => ({
  'x-ratelimit-limit': String(limit),
  'x-ratelimit-remaining': String(remaining),
  'x-ratelimit-reset': String(Math.ceil(resetAt / 1000)),
});
