// A person at the other end. With WhatsApp user names a phone number may be withheld; what then stands in its place differs,
// and three forms have been seen in the field.

import type { JsonObject } from '../../core/json.ts';

export type Person = {
  /** Digits. */
  phone: string;
  name?: string;
  userName?: string;
  /** Business-scoped user id, for instance `US.13491208655302741918`. */
  userId?: string;
  parentUserId?: string;
  /** What stands where the phone number would: nothing, an empty text, or the user id. */
  phoneWithheld?: 'absent' | 'empty' | 'user_id';
};

export const somebody: Person = { phone: '16505551234', name: 'Sheena Nelson' };

/** The phone number as the carrier writes it under this name; an empty object where it is withheld and absent. */
export function phoneOf({ phone, userId, phoneWithheld }: Person, name: string): JsonObject {
  if (phoneWithheld === undefined) return { [name]: phone };
  if (phoneWithheld === 'absent') return {};
  return { [name]: phoneWithheld === 'user_id' ? (userId ?? '') : '' };
}

/** One of `contacts[]`. */
export function contactOf(person: Person): JsonObject {
  return {
    ...((person.name !== undefined || person.userName !== undefined) && {
      profile: {
        ...(person.name !== undefined && { name: person.name }),
        ...(person.userName !== undefined && { username: person.userName }),
      },
    }),
    ...phoneOf(person, 'wa_id'),
    ...(person.userId !== undefined && { user_id: person.userId }),
    ...(person.parentUserId !== undefined && { parent_user_id: person.parentUserId }),
  };
}

/** The sender's part of a message, or under other names that of a recipient. */
export function identityOf(person: Person, side: 'from' | 'to'): JsonObject {
  return {
    ...phoneOf(person, side),
    ...(person.userId !== undefined && { [`${side}_user_id`]: person.userId }),
    ...(person.parentUserId !== undefined && { [`${side}_parent_user_id`]: person.parentUserId }),
  };
}
