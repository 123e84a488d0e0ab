// Who a message is with. A person may be known by a phone number, by an id that only this business sees (BSUID), or by
// both; the number may be absent, empty, or replaced by the BSUID. A message whose person cannot be told is still a message.

import type { Direction, Identity, IdentityKind } from '../../core/model.ts';
import { foreignId, nameBytes } from '../../core/text.ts';
import { listOf, member, textOf } from '../json-reading.ts';

/** The `contacts` of a webhook, found by any of their ids; `only` is set when there is just one. */
export type ContactBook = { byId: ReadonlyMap<string, unknown>; only: unknown };

export type Counterpart = { identities: Identity[]; name: string | null };

/** Indexes contacts once, so that a batch of a thousand costs a thousand steps. */
export function contactBook(contacts: unknown): ContactBook {
  const list = listOf(contacts);
  const byId = new Map<string, unknown>();
  for (const contact of list) {
    for (const id of [member(contact, 'wa_id'), member(contact, 'user_id')]) {
      if (typeof id === 'string' && id !== '') byId.set(id, contact);
    }
  }
  return { byId, only: list.length === 1 ? list[0] : undefined };
}

/**
 * The other side of a message: its sender, or the recipient of what the business wrote itself.
 * @param alone whether the message is the only one beside these contacts; a single contact then is its counterpart even
 *   when the two numbers differ, as they do in Brazil and Mexico
 * @param thread the counterpart's number where a chat history names it for the whole thread
 */
export function counterpart(
  message: unknown,
  direction: Direction,
  book: ContactBook,
  alone: boolean,
  thread?: unknown,
): Counterpart {
  const side = direction === 'echo' ? 'to' : 'from';
  const own = identitiesOf([
    ['phone', member(message, side) || thread],
    ['user_id', member(message, `${side}_user_id`)],
    ['parent_user_id', member(message, `${side}_parent_user_id`)],
  ]);
  const match = own.map(({ value }) => book.byId.get(value)).find((contact) => contact !== undefined);
  const contact = match ?? (alone || own.length === 0 ? book.only : undefined);
  const told = identitiesOf([
    ['phone', member(contact, 'wa_id')],
    ['user_id', member(contact, 'user_id')],
    ['parent_user_id', member(contact, 'parent_user_id')],
  ]);
  const profile = member(contact, 'profile');
  return {
    identities: distinct([...own, ...told]),
    name: textOf(member(profile, 'name'), nameBytes) ?? textOf(member(profile, 'username'), nameBytes),
  };
}

const identitiesOf = (given: [IdentityKind, unknown][]): Identity[] =>
  given.flatMap(([kind, value]) => {
    const id = foreignId(value);
    if (id === undefined) return [];
    return kind === 'phone' ? (whoseNumber(id) ?? []) : { kind, value: id };
  });

/** Where a number should stand may stand a BSUID: `US.1349…`, or `US.ENT.…` for that of the parent business. */
function whoseNumber(id: string): Identity | undefined {
  const digits = /^\+?(\d{1,20})$/.exec(id)?.[1];
  if (digits !== undefined) return { kind: 'phone', value: digits };
  if (!/^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/.test(id)) return undefined;
  return { kind: id.startsWith('ENT.', 3) ? 'parent_user_id' : 'user_id', value: id };
}

const distinct = (identities: Identity[]): Identity[] => [
  ...new Map(identities.map((identity) => [`${identity.kind} ${identity.value}`, identity])).values(),
];
