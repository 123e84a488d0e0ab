// The envelope: entries of changes, each a field with a value, any of them repeated. One POST may hold a thousand updates;
// every item counts by itself, and one that cannot be read is said so without touching its siblings.

import type { Account, IntakeRequest, Update } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import { isObject } from '../../core/json.ts';
import type { Direction } from '../../core/model.ts';
import { clip, foreignId } from '../../core/text.ts';
import { listOf, member, wholeNumber } from '../json-reading.ts';
import { contactBook, counterpart } from './counterpart.ts';
import { readMessage } from './message.ts';

/** Fields whose value holds messages: of users, of the business's own phone app, of chats before the number was connected. */
const messageFields: ReadonlySet<string> = new Set(['messages', 'smb_message_echoes', 'history']);

/** Everything that a verified webhook tells. Never throws. */
export function parse(request: IntakeRequest, _account: Account, now: Millis): Update[] {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(request.body));
  } catch {
    return [unparsed('The body is not JSON.')];
  }
  if (member(body, 'object') !== 'whatsapp_business_account') {
    return [unparsed('The body is not about a WhatsApp business account.')];
  }
  return eachOf(body, 'entry', (entry) => eachOf(entry, 'changes', (change) => readChange(change, now)));
}

function readChange(change: unknown, now: Millis): Update[] {
  const field = member(change, 'field');
  const value = member(change, 'value');
  if (typeof field !== 'string' || !isObject(value)) return [unparsed('A change has no field or no value.')];
  const address = foreignId(member(member(value, 'metadata'), 'phone_number_id')) ?? null;
  if (!messageFields.has(field)) return [{ is: 'notice', address, about: clip(field, 64) }];
  const updates = [
    ...readMessages(field, value, address, now),
    ...readStatuses(value, address),
    ...readErrors(value, address),
  ];
  return updates.length > 0 ? updates : [unparsed(`A change of ${field} holds nothing that is known.`)];
}

function readMessages(field: string, value: unknown, address: string | null, now: Millis): Update[] {
  const origin = field === 'history' ? 'history' : 'live';
  const book = contactBook(member(value, 'contacts'));
  const business = digits(member(member(value, 'metadata'), 'display_phone_number'));
  const readAll = (list: unknown, direction: Direction | undefined, thread?: unknown): Update[] => {
    const messages = listOf(list);
    return messages.flatMap((message) => {
      if (address === null) return [unparsed('A message does not say which phone number it belongs to.')];
      const from = digits(member(message, 'from'));
      const towards = direction ?? (from !== '' && from === business ? 'echo' : 'inbound');
      const who = counterpart(message, towards, book, messages.length === 1, thread);
      return readMessage(message, { address, direction: towards, origin, counterpart: who, now });
    });
  };
  // A chat history holds both sides of a chat; there only the number tells them apart.
  const threads = listOf(member(value, 'history')).flatMap((part) => listOf(member(part, 'threads')));
  return [
    ...readAll(member(value, 'messages'), origin === 'history' ? undefined : 'inbound'),
    ...readAll(member(value, 'message_echoes'), 'echo'),
    ...threads.flatMap((thread) => readAll(member(thread, 'messages'), undefined, member(thread, 'id'))),
  ];
}

const readStatuses = (value: unknown, address: string | null): Update[] =>
  listOf(member(value, 'statuses')).map((status) =>
    isObject(status) ? { is: 'status', address } : unparsed('A status is not an object.'),
  );

/** Trouble of the system, the app or the account, beside or in place of messages; a refused chat history says so in its parts. */
const readErrors = (value: unknown, address: string | null): Update[] =>
  [value, ...listOf(member(value, 'history'))]
    .flatMap((part) => listOf(member(part, 'errors')))
    .map((error) => ({
      is: 'notice',
      address,
      about: `error ${wholeNumber(member(error, 'code')) ?? 'without code'}`,
    }));

/** The updates of every item of a list that must not be empty. */
function eachOf(parent: unknown, name: string, read: (item: unknown) => Update[]): Update[] {
  const items = listOf(member(parent, name));
  return items.length > 0 ? items.flatMap(read) : [unparsed(`There is no list of ${name}, or an empty one.`)];
}

const unparsed = (reason: string): Update => ({ is: 'unparsed', reason });

const digits = (value: unknown): string => (typeof value === 'string' ? value.replace(/\D/g, '') : '');
