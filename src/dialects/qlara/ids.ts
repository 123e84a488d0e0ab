// A media key is `mk_` and 20 characters: the first 100 bits of a media's id, five to a character, in digits and lower-case
// letters without i, l, o and u.

import { type Id, type IdSpan, idsBeginningWith, leadingBits } from '../../core/ids.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const characters = 20;
const bits = 5 * characters;

export function mediaKeyOf(id: Id<'media'>): string {
  let key = '';
  for (let rest = leadingBits(id, bits); key.length < characters; rest >>= 5n) key = alphabet[Number(rest & 31n)] + key;
  return `mk_${key}`;
}

/** The ids that a media key may stand for; undefined: it is none. */
export function mediaOfKey(key: string): IdSpan<'media'> | undefined {
  if (!/^mk_[0-9a-hjkmnp-tv-z]{20}$/.test(key)) return undefined;
  let number = 0n;
  for (const character of key.slice(3)) number = (number << 5n) | BigInt(alphabet.indexOf(character));
  return idsBeginningWith('media', number, bits);
}

/** The last bits of an id as hex digits, four bits each: chance, where a short name is only shown or kept beside the id. */
export function lastDigits(id: Id<'media' | 'endpoint'>, digits: number): string {
  return leadingBits(id, 160).toString(16).padStart(digits, '0').slice(-digits);
}
