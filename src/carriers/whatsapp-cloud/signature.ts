import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Account, IntakeRequest, Verification } from '../../core/carrier.ts';
import { secretsOf } from './settings.ts';

export const signatureHeader = 'x-hub-signature-256';

/**
 * `sha256=` + hex of HMAC-SHA256 over the raw body, keyed by the secret of the Meta app. Raw, because Meta writes `\u00e9`
 * and `\/` where a JSON library would write `é` and `/`, and signs what it wrote.
 */
export function verify(request: IntakeRequest, account: Account): Verification {
  const header = request.headers[signatureHeader];
  if (header === undefined || header === '') return 'missing';
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1];
  if (hex === undefined) return 'wrong';
  const claimed = Buffer.from(hex, 'hex');
  const fits = secretsOf(account, 'app_secret').map((secret) =>
    timingSafeEqual(createHmac('sha256', secret).update(request.body).digest(), claimed),
  );
  return fits.includes(true) ? 'verified' : 'wrong';
}
