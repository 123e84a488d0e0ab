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
  user: 'usr',
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
const groupOfFive = 62 ** 5;

/**
 * Makes a public id.
 * @param now milliseconds since 1970
 * @param chance 16 random bytes
 */
export function newId<Kind extends IdKind>(kind: Kind, now: Millis, chance: Uint8Array = randomBytes(16)): Id<Kind> {
  // Ten 16-bit digits divided by 62^5 six times, and each remainder spelled as five characters: ids are made for every row,
  // and a big integer divided 27 times costs several times as much.
  const digits = new Uint16Array(10);
  const seconds = Math.max(0, Math.floor(now / 1000) - epochSeconds);
  digits[0] = seconds >>> 16;
  digits[1] = seconds & 0xffff;
  for (let at = 0; at < 8; at++) digits[at + 2] = ((chance[2 * at] ?? 0) << 8) | (chance[2 * at + 1] ?? 0);
  let text = '';
  for (let group = 0; group < 6; group++) {
    let rest = 0;
    for (let at = 0; at < 10; at++) {
      const value = rest * 0x1_0000 + (digits[at] ?? 0);
      const quotient = Math.floor(value / groupOfFive);
      digits[at] = quotient;
      rest = value - quotient * groupOfFive;
    }
    let spelled = '';
    for (let place = 0; place < 5; place++) {
      spelled = alphabet.charAt(rest % 62) + spelled;
      rest = (rest / 62) | 0;
    }
    text = spelled + text;
  }
  // Six groups are thirty characters; 160 bits fill 27 of them, and the first three are always zero.
  return `${prefixes[kind]}_${text.slice(3)}` as Id<Kind>;
}

const pattern = /^[a-z]{3}_[0-9A-Za-z]{27}$/;

/** Whether a text has the form of a public id of this kind. It says nothing about whether the thing exists. */
export function isId<Kind extends IdKind>(kind: Kind, text: string): text is Id<Kind> {
  return pattern.test(text) && text.startsWith(`${prefixes[kind]}_`);
}

/** A span of public ids, both ends included. */
export type IdSpan<Kind extends IdKind = IdKind> = { kind: Kind; from: Id<Kind>; to: Id<Kind> };

const idBits = 160n;

/**
 * The first bits of a public id as a number: ids of foreign systems hold fewer than ours, and these are what they get. The
 * time comes first, so from 100 bits on there are 68 of chance left for each second.
 * @param bits 1 to 160
 */
export function leadingBits(id: Id<IdKind>, bits: number): bigint {
  let number = 0n;
  for (const character of id.slice(id.indexOf('_') + 1)) number = number * 62n + BigInt(alphabet.indexOf(character));
  return number >> (idBits - BigInt(bits));
}

/** The public ids of a kind that begin with these bits: where one is looked up that is known by them alone. */
export function idsBeginningWith<Kind extends IdKind>(kind: Kind, leading: bigint, bits: number): IdSpan<Kind> {
  const rest = idBits - BigInt(bits);
  const from = leading << rest;
  return { kind, from: spelled(kind, from), to: spelled(kind, from + (1n << rest) - 1n) };
}

function spelled<Kind extends IdKind>(kind: Kind, number: bigint): Id<Kind> {
  let text = '';
  for (let rest = number; text.length < 27; rest /= 62n) text = alphabet.charAt(Number(rest % 62n)) + text;
  return `${prefixes[kind]}_${text}` as Id<Kind>;
}
