// A message in the vendor's words. There a message holds one file at most: the further files of one of ours follow as messages
// of their own.

import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { bareType } from '../../core/media-type.ts';
import type { Media, Message } from '../../core/model.ts';
import { stateNow } from '../../core/present.ts';
import { safeBaseName } from '../../core/text.ts';
import { partiesOf } from './jids.ts';
import { mediaPathOf } from './media-path.ts';

/** The payload of `message`. @param media the one of its files that it is about */
export function messagePayload(message: Message, media: Media | undefined, now: Millis): JsonObject {
  const { carrierMessageId: id, kind, text } = message;
  return {
    message_id: media === undefined || media.part === 0 ? id : `${id}.${media.part}`,
    ...surroundings(message),
    type: media === undefined ? kind : typeOf(media),
    ...(media === undefined ? present('text', text) : fileMembers(media, message, now)),
    ...contentMember(message),
    ...(message.context !== null && { context: message.context }),
    timestamp: iso(message.sentAt),
  };
}

/** The payload of `message_revoked`, which names the message that is gone; undefined: this one revokes none. */
export function revokedPayload(message: Message): JsonObject | undefined {
  const revoked = message.context?.['revokes'];
  if (message.kind !== 'revoke' || typeof revoked !== 'string') return undefined;
  return { message_id: revoked, ...surroundings(message), timestamp: iso(message.sentAt) };
}

function surroundings(message: Message): JsonObject {
  const isEcho = message.direction === 'echo';
  return {
    direction: isEcho ? 'outbound' : 'inbound',
    ...partiesOf(message),
    ...(!isEcho && present('sender_name', message.contact?.name)),
  };
}

const typeOf = ({ kind }: Media): string => (kind === 'file' ? 'document' : kind);

/** `media_path` is there as soon as the file is. Clients cut extensions out of types and join names into paths. */
function fileMembers(media: Media, message: Message, now: Millis): JsonObject {
  const isHere = stateNow(media, now) === 'stored';
  return {
    // Where text and files came as one message without captions, the text goes with the first of them.
    ...present('caption', media.caption ?? (media.part === 0 ? message.text : null)),
    ...(isHere && { media_path: mediaPathOf(media) }),
    ...present('mime_type', bareType(media.type)),
    ...present('file_name', safeBaseName(media.fileName ?? '')),
    ...present('file_size', media.size ?? media.declaredSize),
    ...(isHere && present('sha256', media.sha256)),
    ...(media.voice && { ptt: true }),
  };
}

/** Kinds whose content stands in a member of their name. The list is fixed: a carrier's own word could be `from`. */
const kindsWithContent = ['location', 'contacts', 'reaction', 'interactive', 'button', 'order', 'system'];

function contentMember({ kind, content }: Message): JsonObject {
  const member = kindsWithContent.includes(kind) ? content?.[kind] : undefined;
  return member === undefined ? {} : { [kind]: member };
}

/** A member that is left out where there is nothing to say. */
const present = (name: string, value: string | number | null | undefined): JsonObject =>
  value === undefined || value === null || value === '' ? {} : { [name]: value };

export const iso = (at: Millis): string => new Date(at).toISOString();
