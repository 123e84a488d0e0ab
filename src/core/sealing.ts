// Secrets at rest: AES-256-GCM under a key derived from the instance's secret key, so that a copied database alone opens
// nothing. Layout: 1 byte version, 4 bytes key id, 12 bytes nonce, 16 bytes tag, ciphertext.

import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { Fault } from './faults.ts';
import type { JsonObject } from './json.ts';

export type Sealer = {
  seal(secrets: JsonObject): Uint8Array;
  /** @throws Fault secrets_unreadable when they were sealed under another key; Error when they were altered */
  open(sealed: Uint8Array): JsonObject;
};

const version = 1;

/** A key for one purpose, derived from the secret key (HKDF-SHA256, RFC 5869). */
export const deriveKey = (secretKey: Uint8Array, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secretKey, '', `mediadock ${purpose}`, 32));

/** First 4 bytes of the key's SHA-256: enough to tell keys apart, nothing about the key. */
export const keyId = (key: Uint8Array): Uint8Array => createHash('sha256').update(key).digest().subarray(0, 4);

/** The id under which a secret key stands in what it has sealed, in hex: tells which key a copy of the records needs. */
export const secretKeyId = (secretKey: Uint8Array): string =>
  Buffer.from(keyId(deriveKey(secretKey, 'sealing'))).toString('hex');

/** @param secretKeys 32 bytes each; the first seals, all open, so that a key can be replaced */
export function sealer(secretKeys: readonly Uint8Array[]): Sealer {
  const keys = secretKeys.map((secret) => {
    const key = deriveKey(secret, 'sealing');
    return { key, id: Buffer.from(keyId(key)) };
  });
  const newest = keys[0];
  if (newest === undefined) throw new Error('a sealer needs a secret key');
  return {
    seal(secrets) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', newest.key, nonce);
      const text = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()]);
      return new Uint8Array(Buffer.concat([Buffer.of(version), newest.id, nonce, cipher.getAuthTag(), text]));
    },
    open(sealed) {
      const bytes = Buffer.from(sealed);
      const found = keys.find(({ id }) => bytes[0] === version && id.equals(bytes.subarray(1, 5)));
      if (found === undefined) throw new Fault('secrets_unreadable');
      const cipher = createDecipheriv('aes-256-gcm', found.key, bytes.subarray(5, 17), { authTagLength: 16 });
      cipher.setAuthTag(bytes.subarray(17, 33));
      return JSON.parse(Buffer.concat([cipher.update(bytes.subarray(33)), cipher.final()]).toString('utf8'));
    },
  };
}
