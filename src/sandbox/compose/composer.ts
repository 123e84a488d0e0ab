// Builds webhooks from the inside out: a content, the message that carries it, the change of a number that holds messages,
// and the body of one POST that holds changes. Each part may be altered before it goes into the next; all are plain JSON.

import type { Clock, Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { newMessageId } from '../carrier-ids.ts';
import type { KeptMedia } from '../kept-media.ts';
import type { Links } from '../links.ts';
import type { PhoneNumber } from '../phone-number.ts';
import { type Content, contents } from './contents.ts';
import { type MediaOptions, mediaContent } from './media-content.ts';
import { contactOf, identityOf, type Person, phoneOf, somebody } from './person.ts';

/** A message, with what the change around it must know. */
export type Message = { id: string; person: Person; json: JsonObject };

export type MessageOptions = {
  /** The counterpart: who sends, or in an echo who receives. */
  person?: Person;
  id?: string;
  /** When it was sent; hours ago for one that comes late. */
  at?: Millis;
  groupId?: string;
  /** For instance `{ forwarded: true }`, or `{ from, id }` of the message that it answers. */
  context?: JsonObject;
  referral?: JsonObject;
};

export type StatusOptions = {
  messageId: string;
  status: 'sent' | 'delivered' | 'read' | 'failed' | 'played';
  person?: Person;
  at?: Millis;
  errors?: JsonObject[];
};

/** One item of `entry[].changes[]`, and the account of its entry. */
export type Change = { wabaId: string; field: string; value: JsonObject };

export type Composer = {
  contents: typeof contents;
  /** A media as content. `at` is the time of the message, from which the link's life counts. */
  media(kept: KeptMedia, options?: MediaOptions & { at?: Millis }): Content;
  message(content: Content, options?: MessageOptions): Message;
  status(options: StatusOptions): JsonObject;
  /** Messages that a number received. */
  received(phoneNumberId: string, messages: readonly Message[], options?: { contacts?: 'missing' }): Change;
  /** What the business wrote on its own phone. */
  echoed(phoneNumberId: string, messages: readonly Message[]): Change;
  /** Chats from before the number was connected, one thread for each person. */
  history(phoneNumberId: string, messages: readonly Message[]): Change;
  /** The files of a history, which follow it. Messages carry the ids that they had in the history. */
  historyMedia(phoneNumberId: string, messages: readonly Message[]): Change;
  statuses(phoneNumberId: string, statuses: readonly JsonObject[]): Change;
  /** Trouble of the account, without any message. */
  errors(phoneNumberId: string, errors: readonly JsonObject[]): Change;
  /** The body of one POST: an entry for each account, in it the changes in their order. */
  body(changes: readonly Change[]): JsonObject;
};

export function composer(means: {
  clock: Clock;
  links: Links;
  /** The whole link of a query. */
  linkOf(query: string): string;
  /** @throws Error when the number is not known */
  number(phoneNumberId: string): PhoneNumber;
}): Composer {
  const { clock, links, linkOf } = means;
  const seconds = (at: Millis = clock.now()): string => String(Math.floor(at / 1000));

  const change = (field: string, phoneNumberId: string, rest: JsonObject): Change => {
    const { display, wabaId } = means.number(phoneNumberId);
    const metadata = { display_phone_number: display, phone_number_id: phoneNumberId };
    return { wabaId, field, value: { messaging_product: 'whatsapp', metadata, ...rest } };
  };

  /** The other way round: the business writes, and the person is who it writes to. */
  const turned = (phoneNumberId: string, { json, person }: Message): JsonObject => {
    const { from: _, from_user_id: _userId, from_parent_user_id: _parentId, ...rest } = json;
    return { from: means.number(phoneNumberId).display, ...identityOf(person, 'to'), ...rest };
  };

  return {
    contents,
    media: (kept, { at, ...options } = {}) => mediaContent(kept, options, linkOf, links, at ?? clock.now()),
    message(content, options = {}) {
      const { person = somebody, id = newMessageId(), at, groupId, context, referral } = options;
      const json: JsonObject = {
        ...(context !== undefined && { context }),
        ...identityOf(person, 'from'),
        id,
        timestamp: seconds(at),
        ...(groupId !== undefined && { group_id: groupId }),
        ...(referral !== undefined && { referral }),
        ...content,
      };
      return { id, person, json };
    },
    status({ messageId, status, person = somebody, at, errors }) {
      return {
        id: messageId,
        status,
        timestamp: seconds(at),
        ...phoneOf(person, 'recipient_id'),
        ...(person.userId !== undefined && { recipient_user_id: person.userId }),
        ...(errors !== undefined && { errors }),
      };
    },
    received: (phoneNumberId, messages, { contacts } = {}) =>
      change('messages', phoneNumberId, {
        ...(contacts !== 'missing' && { contacts: peopleOf(messages).map(contactOf) }),
        messages: messages.map(({ json }) => json),
      }),
    echoed: (phoneNumberId, messages) =>
      change('smb_message_echoes', phoneNumberId, {
        message_echoes: messages.map((message) => turned(phoneNumberId, message)),
      }),
    history: (phoneNumberId, messages) =>
      change('history', phoneNumberId, {
        history: [
          {
            metadata: { phase: 0, chunk_order: 1, progress: 100 },
            threads: peopleOf(messages).map((person) => ({
              id: person.phone,
              messages: messages.filter((message) => message.person === person).map(({ json }) => json),
            })),
          },
        ],
      }),
    historyMedia: (phoneNumberId, messages) =>
      change('history', phoneNumberId, {
        contacts: peopleOf(messages).map(contactOf),
        messages: messages.map(({ json }) => json),
      }),
    statuses: (phoneNumberId, statuses) => change('messages', phoneNumberId, { statuses: [...statuses] }),
    errors: (phoneNumberId, errors) => change('messages', phoneNumberId, { errors: [...errors] }),
    body(changes) {
      const entries = Map.groupBy(changes, ({ wabaId }) => wabaId);
      const entry = [...entries].map(([id, some]) => ({
        id,
        changes: some.map(({ field, value }) => ({ value, field })),
      }));
      return { object: 'whatsapp_business_account', entry };
    },
  };
}

const peopleOf = (messages: readonly Message[]): Person[] => [...new Set(messages.map(({ person }) => person))];
