// What both forms of a message say, of its frame on a socket and of its webhook.

import { isObject, type JsonObject } from '../../core/json.ts';
import type { Media, Message } from '../../core/model.ts';
import { foreignId } from './ids.ts';

export type MessageType =
  | 'text'
  | 'image'
  | 'audio'
  | 'video'
  | 'document'
  | 'sticker'
  | 'location'
  | 'contacts'
  | 'reaction'
  | 'unsupported';

/** The vendor has one place for a file; messages with several of them carry the rest beside it. */
export const attachmentsOf = ({ media }: Message): Media[] => media.filter(({ thumbnailOf }) => thumbnailOf === null);

/** Kinds that the vendor does not know are texts where they have words (a button, a list), else unsupported. */
export function messageTypeOf(message: Message): MessageType {
  const [first] = attachmentsOf(message);
  if (first !== undefined) return first.kind === 'file' ? 'document' : first.kind;
  switch (message.kind) {
    case 'location':
    case 'contacts':
    case 'reaction':
      return contentOf(message) === undefined ? 'unsupported' : message.kind;
    default:
      return textOf(message) === '' ? 'unsupported' : 'text';
  }
}

/** Text or caption. */
export const textOf = (message: Message): string => message.text ?? attachmentsOf(message)[0]?.caption ?? '';

/**
 * The conversation of a message; one whose carrier names no counterpart is a conversation of its own, because every message
 * must have one here.
 */
export const conversationOf = ({ conversationId, id }: Message): string =>
  conversationId === null ? `conv_${id.slice(id.indexOf('_') + 1)}` : foreignId('conversation', conversationId);

/** The member of the kind's own name, with the members that the vendor has; undefined: there is none, or it is malformed. */
export function contentOf({ kind, content }: Message): JsonObject | JsonObject[] | undefined {
  const given = content?.[kind];
  switch (kind) {
    case 'location':
      return isObject(given) ? readLocation(given) : undefined;
    case 'contacts':
      return Array.isArray(given) ? readCards(given) : undefined;
    case 'reaction':
      return isObject(given) && typeof given['message_id'] === 'string'
        ? { message_id: given['message_id'], ...textMember(given, 'emoji') }
        : undefined;
    default:
      return undefined;
  }
}

type Given = Readonly<Record<string, unknown>>;

function readLocation(given: Given): JsonObject | undefined {
  const { latitude, longitude } = given;
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return undefined;
  return { latitude, longitude, ...textMember(given, 'name'), ...textMember(given, 'address') };
}

const readCards = (given: readonly unknown[]): JsonObject[] => given.filter(isObject).map(readCard);

function readCard({ name, phones, emails }: Given): JsonObject {
  const formatted = isObject(name) && typeof name['formatted_name'] === 'string' ? name['formatted_name'] : '';
  return {
    name: { formatted_name: formatted },
    ...(Array.isArray(phones) && { phones: readAddresses(phones, 'phone') }),
    ...(Array.isArray(emails) && { emails: readAddresses(emails, 'email') }),
  };
}

const readAddresses = (given: readonly unknown[], name: 'phone' | 'email'): JsonObject[] =>
  given.filter(isObject).flatMap((one) => {
    const address = textMember(one, name);
    return name in address ? [{ ...address, ...textMember(one, 'type') }] : [];
  });

function textMember(given: Given, name: string): JsonObject {
  const value = given[name];
  return typeof value === 'string' ? { [name]: value } : {};
}
