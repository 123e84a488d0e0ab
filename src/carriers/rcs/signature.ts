import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Account, IntakeRequest, Verification } from '../../core/carrier.ts';
import { pushedData } from './push.ts';
import { clientTokensOf } from './settings.ts';

export const signatureHeader = 'x-goog-signature';

/** Base64 of HMAC-SHA512, keyed by the client token, over the decoded data of the push: not over the body, and not over base64. */
export function verify(request: IntakeRequest, account: Account): Verification {
  const header = request.headers[signatureHeader];
  if (header === undefined || header === '') return 'missing';
  const data = pushedData(request.body);
  if (data === undefined || !/^[A-Za-z0-9+/]{86}==$/.test(header)) return 'wrong';
  const claimed = Buffer.from(header, 'base64');
  const fits = clientTokensOf(account).map((token) =>
    timingSafeEqual(createHmac('sha512', token).update(data).digest(), claimed),
  );
  return fits.includes(true) ? 'verified' : 'wrong';
}
