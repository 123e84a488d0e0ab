// A message in the vendor's words. There a message holds one file at most: further files of one of ours stand beside it in the
// same body, as messages of their own.

import type { Millis } from '../../core/ids.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import type { Media, Message } from '../../core/model.ts';
import { stateNow } from '../../core/present.ts';
import { kindOf, mediaObject } from './media-object.ts';
import type { Settings } from './settings.ts';

/** The body of a webhook about a message: the message, or that its sender took another one back. */
export function messageBody(message: Message, now: Millis, settings: Settings): JsonObject {
  const from = senderOf(message);
  const revoked = message.context?.['revokes'];
  if (message.kind === 'revoke' && typeof revoked === 'string')
    return { statuses: [{ id: revoked, recipient_id: from, status: 'deleted', timestamp: seconds(message.sentAt) }] };
  const base = { from, timestamp: seconds(message.sentAt), ...surroundings(message) };
  // A preview is no attachment of its own.
  const files = message.media.filter(({ thumbnailOf }) => thumbnailOf === null);
  // Where text and files came as one message, the text goes with the first of them.
  const captioned = isFile(message)
    ? files.map((media, at) => (at === 0 ? { ...media, caption: media.caption ?? message.text } : media))
    : files;
  const parts = [
    ...(isFile(message) ? [] : [substance(message)]),
    ...captioned.map((media) => filePart(media, now, settings)),
  ];
  const [first = substance(message), ...others] = parts;
  const { carrierMessageId: id } = message;
  return {
    contacts: [{ profile: { name: message.contact?.name ?? '' }, wa_id: from }],
    messages: [
      withErrors({ ...base, id, ...first }, message.errors.flatMap(errorOf)),
      ...others.map((part, at) => ({ ...base, id: `${id}.${at + 1}`, ...part })),
    ],
  };
}

/** The number without plus; where the carrier tells none, the id under which it knows the person. */
function senderOf({ contact, groupId }: Message): string {
  const { value } = contact?.identities.find(({ kind }) => kind === 'phone') ?? contact?.identities[0] ?? {};
  return value ?? groupId ?? '';
}

const fileKinds: readonly string[] = ['image', 'audio', 'video', 'document', 'sticker', 'file'];
const isFile = ({ kind, media }: Message): boolean => media.length > 0 && fileKinds.includes(kind);

function filePart(media: Media, now: Millis, settings: Settings): JsonObject {
  const type = kindOf(media);
  const part = { type, [type]: mediaObject(media, now, settings) };
  return stateNow(media, now) === 'unavailable' ? withErrors(part, [downloadError]) : part;
}

/** As the vendor's client says that it could not get a file. */
const downloadError = { code: 400, title: 'Media download error' };

/** Kinds whose content stands in a member of their name. The list is fixed: a carrier's own word could be `from`. */
const kindsWithContent = ['location', 'contacts', 'button', 'interactive', 'system', 'order', 'reaction'];

function substance({ kind, text, content }: Message): JsonObject {
  if (kind === 'text') return { type: 'text', text: { body: text ?? '' } };
  const member = kindsWithContent.includes(kind) ? content?.[kind] : undefined;
  return member === undefined ? { type: 'unknown' } : { type: kind, [kind]: member };
}

function surroundings({ groupId, context }: Message): JsonObject {
  const reply = context?.['reply_to'];
  const { from, carrier_message_id: id } = isObject(reply) ? reply : {};
  const group = groupId !== null && { group_id: groupId };
  return {
    ...group,
    ...(typeof id === 'string' && { context: { ...(typeof from === 'string' && { from }), id, ...group } }),
  };
}

const withErrors = (part: JsonObject, errors: JsonObject[]): JsonObject => {
  const before = part['errors'];
  const all = [...errors, ...(Array.isArray(before) ? before : [])];
  return all.length === 0 ? part : { ...part, errors: all };
};

/** A carrier's complaint, where it has the vendor's form or that of its successor. */
function errorOf({ code, title, details, error_data }: JsonObject): JsonObject[] {
  if (typeof code !== 'number') return [];
  const more = isObject(error_data) ? error_data['details'] : details;
  return [{ code, ...(typeof title === 'string' && { title }), ...(typeof more === 'string' && { details: more }) }];
}

/** Unix seconds as text. */
const seconds = (at: Millis): string => String(Math.floor(at / 1000));
