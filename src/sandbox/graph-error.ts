// Errors of the Graph API. The code decides; the HTTP status is what the documentation gives for it (Meta, "Error codes").

import { type Answer, jsonAnswer } from './answer.ts';
import { newTraceId } from './carrier-ids.ts';

type Entry = {
  status: number;
  type?: string;
  message: string;
  details?: string;
  subcode?: number;
  transient?: boolean;
};

const entries: ReadonlyMap<number, Entry> = new Map([
  [0, { status: 401, message: 'AuthException' }],
  [1, { status: 400, message: 'API Unknown' }],
  [2, { status: 503, message: 'API Service', transient: true }],
  [3, { status: 500, message: 'API Method' }],
  [4, { status: 400, message: 'API Too Many Calls' }],
  [10, { status: 403, message: 'Permission Denied' }],
  [33, { status: 400, message: 'Parameter value is not valid', details: 'The phone number was deleted.' }],
  [100, { status: 400, type: 'GraphMethodException', message: 'Unsupported get request.', subcode: 33 }],
  [190, { status: 401, message: 'Access token has expired', subcode: 463 }],
  [200, { status: 403, message: 'API Permission' }],
  [368, { status: 403, message: 'Temporarily blocked for policies violations' }],
  [80007, { status: 400, message: 'Rate limit issues', details: 'The account has reached its rate limit.' }],
  [130429, { status: 400, message: 'Rate limit hit', details: 'Message throughput has been reached.' }],
  [131000, { status: 500, message: 'Something went wrong' }],
  [131005, { status: 403, message: 'Access denied' }],
  [131016, { status: 500, message: 'Service unavailable' }],
  [131031, { status: 403, message: 'Account has been locked' }],
  [131052, { status: 400, message: 'Media download error' }],
  [131057, { status: 500, message: 'Account in maintenance mode' }],
]);

export type GraphErrorOptions = {
  /** In place of the documented HTTP status: generic Graph clients also meet 429 where 400 is documented. */
  status?: number;
  retryAfterSeconds?: number;
};

/** The answer for an error code; an unknown code is a 400, as new codes are. */
export function graphError(code: number, options: GraphErrorOptions = {}): Answer {
  const entry: Entry = entries.get(code) ?? { status: 400, message: 'Unknown error' };
  const retryAfter = options.retryAfterSeconds;
  return jsonAnswer(
    options.status ?? entry.status,
    {
      error: {
        message: `(#${code}) ${entry.message}`,
        type: entry.type ?? 'OAuthException',
        code,
        ...(entry.subcode !== undefined && { error_subcode: entry.subcode }),
        ...(entry.transient !== undefined && { is_transient: entry.transient }),
        ...(entry.details !== undefined && {
          error_data: { messaging_product: 'whatsapp', details: entry.details },
        }),
        fbtrace_id: newTraceId(),
      },
    },
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  );
}
