/**
 * A sha256 as carriers write it, told apart by length: 44 characters of base64 or 64 of hex.
 * @returns lower-case hex; null for anything else, which then counts as not declared
 */
export function readSha256(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (/^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  return /^[A-Za-z0-9+/]{43}=$/.test(value) ? Buffer.from(value, 'base64').toString('hex') : null;
}
