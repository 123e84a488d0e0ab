// Ids in the vendor's form. A media id is 21 characters of the nanoid alphabet: the first 126 bits of ours, six to a
// character. All others are ours with another prefix.

import { type Id, type IdSpan, idsBeginningWith, isId, leadingBits, prefixes } from '../../core/ids.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const characters = 21;
const bits = 6 * characters;

export function mediaIdOf(id: Id<'media'>): string {
  let text = '';
  for (let rest = leadingBits(id, bits); text.length < characters; rest >>= 6n)
    text = alphabet[Number(rest & 63n)] + text;
  return text;
}

/** The ids that a media id of the vendor's may stand for; undefined: it is none. */
export function idsOfMedia(mediaId: string): IdSpan<'media'> | undefined {
  if (!/^[A-Za-z0-9_-]{21}$/.test(mediaId)) return undefined;
  let number = 0n;
  for (const character of mediaId) number = (number << 6n) | BigInt(alphabet.indexOf(character));
  return idsBeginningWith('media', number, bits);
}

const names = { message: 'msg', conversation: 'conv', channel: 'pn', app: 'user' } as const;
type NamedKind = keyof typeof names;

/** What is behind the prefix of one of our ids, behind the vendor's prefix for this kind of thing. */
export const foreignId = (kind: NamedKind, id: Id<NamedKind>): string =>
  `${names[kind]}_${id.slice(id.indexOf('_') + 1)}`;

/** Our id of what one of the vendor's ids names; undefined: it has not the form of one. */
export function ownId<Kind extends NamedKind>(kind: Kind, foreign: string): Id<Kind> | undefined {
  const prefix = `${names[kind]}_`;
  const id = `${prefixes[kind]}_${foreign.slice(prefix.length)}`;
  return foreign.startsWith(prefix) && isId(kind, id) ? id : undefined;
}
