// Keys: a prefix and 32 random bytes, shown once; only their SHA-256 is stored.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new secret for callers, and what is stored of it. */
export function newSecret(prefix: string, chance: Uint8Array = randomBytes(32)): { secret: string; hash: Uint8Array } {
  const secret = prefix + Buffer.from(chance).toString('base64url');
  return { secret, hash: hashOf(secret) };
}

/** SHA-256 of a key as it is stored and looked up; 32 bytes. */
export const hashOf = (secret: string): Uint8Array => new Uint8Array(createHash('sha256').update(secret).digest());

/** Compares two texts in a time that depends on neither. */
export const sameSecret = (left: string, right: string): boolean => timingSafeEqual(hashOf(left), hashOf(right));

/** A new signing secret in the form of Standard Webhooks: `whsec_` + base64 of 32 bytes. */
export const newWebhookSecret = (chance: Uint8Array = randomBytes(32)): string =>
  `whsec_${Buffer.from(chance).toString('base64')}`;
