// Public ids: `prefix_` + 27 base-62 characters in KSUID form: 4 bytes of seconds since 2014-05-13, then 16 bytes of chance.
// They sort by time as text. The integer keys of the tables never leave the house.

import { randomBytes } from 'node:crypto';

/** Milliseconds since 1970, the only form in which time is kept and passed. */
export type Millis = number;

/** Where time comes from; tests hand in one that they move. */
export type Clock = { now(): Millis };

/** What stands before each kind of public id. */
export const prefixes = {
  organization: 'org',
  app: 'app',
  key: 'key',
  connection: 'con',
  channel: 'chn',
  contact: 'ctc',
  conversation: 'cnv',
  journal: 'req',
  message: 'msg',
  media: 'med',
  blob: 'blb',
  event: 'evt',
  endpoint: 'end',
  delivery: 'dlv',
  attempt: 'att',
} as const;

export type IdKind = keyof typeof prefixes;

export type Id<Kind extends IdKind> = `${(typeof prefixes)[Kind]}_${string}`;

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const epochSeconds = 1_400_000_000;

/**
 * Makes a public id.
 * @param now milliseconds since 1970
 * @param chance 16 random bytes
 */
export function newId<Kind extends IdKind>(kind: Kind, now: Millis, chance: Uint8Array = randomBytes(16)): Id<Kind> {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32BE(Math.max(0, Math.floor(now / 1000) - epochSeconds));
  bytes.set(chance.subarray(0, 16), 4);
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let place = 0; place < 27; place++) {
    text = alphabet[Number(rest % 62n)] + text;
    rest /= 62n;
  }
  return `${prefixes[kind]}_${text}` as Id<Kind>;
}

const pattern = /^[a-z]{3}_[0-9A-Za-z]{27}$/;

/** Whether a text has the form of a public id of this kind. It says nothing about whether the thing exists. */
export function isId<Kind extends IdKind>(kind: Kind, text: string): text is Id<Kind> {
  return pattern.test(text) && text.startsWith(`${prefixes[kind]}_`);
}
