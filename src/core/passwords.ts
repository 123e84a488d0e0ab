// Passwords of people: scrypt, as RFC 7914 and the OWASP password storage guide set its cost. Stored as
// `scrypt$N$r$p$salt$hash`, so that the cost can be raised without locking anybody out.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

const cost = { N: 2 ** 15, r: 8, p: 1 };
const hashBytes = 32;

/** What is stored of a password. */
export async function passwordHash(password: string, salt: Uint8Array = randomBytes(16)): Promise<string> {
  const hash = await derived(password, salt, cost);
  return ['scrypt', cost.N, cost.r, cost.p, base64(salt), base64(hash)].join('$');
}

/** Whether a password is the one stored; `undefined` takes the same time and is never matched. */
export async function matchesPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [kind, n, r, p, salt, hash] = (stored ?? nobody).split('$');
  if (kind !== 'scrypt' || salt === undefined || hash === undefined)
    throw new Error('a stored password has another form');
  const due = Buffer.from(hash, 'base64');
  const given = await derived(password, Buffer.from(salt, 'base64'), { N: Number(n), r: Number(r), p: Number(p) });
  return timingSafeEqual(due, given) && stored !== undefined;
}

const nobody = ['scrypt', cost.N, cost.r, cost.p, base64(new Uint8Array(16)), base64(new Uint8Array(hashBytes))].join(
  '$',
);

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

const derived = (password: string, salt: Uint8Array, { N, r, p }: typeof cost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    // Twice what the algorithm needs: 128 · N · r bytes.
    const options = { N, r, p, maxmem: 256 * N * r };
    scrypt(password.normalize('NFKC'), salt, hashBytes, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
