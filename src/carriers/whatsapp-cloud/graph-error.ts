// What a refused look-up means. Meta says it in `error.code`, and the HTTP status misleads (a throttled call is a 400, a
// missing capability a 500), so the status decides only where no code can be read.

import type { HopAnswer, HopFailure } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import type { CaptureReason } from '../../core/reasons.ts';
import { retryAfterMs } from '../../outgoing/retry-after.ts';
import { member, wholeNumber } from '../json-reading.ts';

/** The token, the permissions or the account: no other media of the channel would fare better. */
const accountCodes: ReadonlySet<number> = new Set([0, 3, 10, 190, 368, 131005, 131031]);
/** A request that stays wrong, or a file that Meta itself does not have. */
const permanentCodes: ReadonlySet<number> = new Set([33, 100, 131008, 131009, 131051, 131052]);

/** Judges an answer to a look-up that gave no link. Codes that we do not know are worth another try. */
export function judgeLookUp(answer: HopAnswer, error: unknown, now: Millis): HopFailure {
  const code = wholeNumber(member(error, 'code'));
  if (code === undefined) return judgeStatus(answer, now);
  if (code === 100 && isUnknownObject(error)) return { is: 'unknown_media', reason: 'carrier_100_33' };
  const reason = `carrier_${code}` as const;
  if (accountCodes.has(code) || (code >= 200 && code <= 299)) return { is: 'account', reason };
  if (permanentCodes.has(code)) return { is: 'permanent', reason };
  return transient(reason, answer, now);
}

/** A failure worth another try, after as long as the carrier asks for. */
export function transient(reason: CaptureReason, answer: HopAnswer, now: Millis): HopFailure {
  const wait = retryAfterMs(answer.headers, now);
  return { is: 'transient', reason, ...(wait !== null && { retryAfterMs: wait }) };
}

function judgeStatus(answer: HopAnswer, now: Millis): HopFailure {
  const reason = `look_up_${answer.status}` as const;
  return answer.status === 401 || answer.status === 403 ? { is: 'account', reason } : transient(reason, answer, now);
}

/** An id that is unknown, expired or another number's, or a token without rights to it. The subcode is being phased out, the type stays. */
const isUnknownObject = (error: unknown): boolean =>
  wholeNumber(member(error, 'error_subcode')) === 33 || member(error, 'type') === 'GraphMethodException';
