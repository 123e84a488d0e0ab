// Ids as UUIDs: the first 122 bits of ours, with version 4 and variant in their places (RFC 9562 section 5.4). They lead
// back to a span of ids, which holds one thing at most.

import { type Id, type IdKind, type IdSpan, idsBeginningWith, leadingBits } from '../core/ids.ts';

const bits = 122;

/** Whether a text has the form of a UUID of any version. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);

export function uuidOf(id: Id<IdKind>): string {
  const number = leadingBits(id, bits);
  // 48 bits, the version, 12 bits, the variant, 62 bits.
  const versioned = ((number >> 74n) << 16n) | 0x4000n | ((number >> 62n) & 0xfffn);
  const whole = (versioned << 64n) | (0b10n << 62n) | (number & 0x3fffffffffffffffn);
  return whole
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The ids that a UUID may stand for; undefined: it is none, or none of ours. */
export function idsOfUuid<Kind extends IdKind>(kind: Kind, uuid: string): IdSpan<Kind> | undefined {
  if (!isUuid(uuid)) return undefined;
  const whole = BigInt(`0x${uuid.replaceAll('-', '')}`);
  const version = (whole >> 76n) & 0xfn;
  const variant = (whole >> 62n) & 0b11n;
  if (version !== 4n || variant !== 0b10n) return undefined;
  const number = ((whole >> 80n) << 74n) | (((whole >> 64n) & 0xfffn) << 62n) | (whole & 0x3fffffffffffffffn);
  return idsBeginningWith(kind, number, bits);
}
