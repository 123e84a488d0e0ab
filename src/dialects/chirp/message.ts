// A message in the vendor's forms. The primary one names a file by `mediaUrl` and `mediaId`; beside them stand the objects
// of the vendor's WhatsApp page, and lists where a message may have several files.

import type { Millis } from '../../core/ids.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { Links } from '../../core/links.ts';
import type { Media, Message, Mode } from '../../core/model.ts';
import { recipientOf, senderOf } from '../e164.ts';
import { networkOf } from '../network-of.ts';
import { foreignId } from './ids.ts';
import { factsOf, handleOf, nameOf } from './media.ts';

/** Which of the vendor's two families a message belongs to: what did not come by WhatsApp goes as SMS or MMS. */
export const familyOf = (message: Message): 'whatsapp' | 'sms' =>
  networkOf(message) === 'whatsapp' ? 'whatsapp' : 'sms';

/** Messages of the playground are test objects. */
export const modeOf = ({ carrier }: Message): Mode => (carrier.startsWith('playground-') ? 'test' : 'live');

/** `data.message` of the primary form. */
export function fullMessage(message: Message, now: Millis, links: Links): JsonObject {
  const { id, from, to, text, type, receivedAt, ...handle } = basics(message, now, links);
  return {
    id,
    direction: message.direction === 'echo' ? 'outbound' : 'inbound',
    from,
    to,
    type,
    text,
    ...handle,
    receivedAt,
    occurredAt: iso(message.sentAt),
    ...(familyOf(message) === 'whatsapp' ? whatsappMembers(message) : { subject: subjectOf(message) }),
    ...mediaMembers(message, now, links),
  };
}

/** `data` of the form of the vendor's WhatsApp webhook page: the message itself, without a level around it. */
export const flatMessage = (message: Message, now: Millis, links: Links): JsonObject => basics(message, now, links);

/** `data` of the older SMS pages. */
export function olderSms(message: Message, now: Millis, links: Links): JsonObject {
  const { id, from, to, text, type, receivedAt } = basics(message, now, links);
  return {
    id,
    from,
    to,
    text,
    subject: subjectOf(message),
    mediaUrls: urlsOf(message, now, links),
    type: type.toUpperCase(),
    direction: message.direction === 'echo' ? 'OUTBOUND' : 'INBOUND',
    status: 'RECEIVED',
    createdAt: receivedAt,
  };
}

function basics(message: Message, now: Millis, links: Links) {
  const family = familyOf(message);
  const counterpart = senderOf(message) ?? message.groupId ?? '';
  const own = recipientOf(message);
  const [first] = attachmentsOf(message);
  const handle = first && handleOf(first, now, links);
  return {
    id: foreignId(family, message.id, modeOf(message)),
    from: message.direction === 'echo' ? own : counterpart,
    to: message.direction === 'echo' ? counterpart : own,
    type: family === 'whatsapp' ? message.kind : first === undefined ? 'sms' : 'mms',
    text: message.text,
    receivedAt: iso(message.receivedAt),
    ...(handle && { mediaUrl: handle.url, mediaId: handle.id }),
  };
}

/** Thumbnails are no attachments here. */
const attachmentsOf = (message: Message): Media[] => message.media.filter(({ thumbnailOf }) => thumbnailOf === null);

const urlsOf = (message: Message, now: Millis, links: Links): string[] =>
  attachmentsOf(message).flatMap((media) => handleOf(media, now, links).url ?? []);

function mediaMembers(message: Message, now: Millis, links: Links): JsonObject {
  const attachments = attachmentsOf(message);
  const [first] = attachments;
  const lists = familyOf(message) === 'sms' || attachments.length > 1;
  return {
    ...(first && mediaObjects(first, now, links)),
    ...(lists && { mediaUrls: urlsOf(message, now, links), mediaIds: attachments.map(({ id }) => id) }),
  };
}

function mediaObjects(media: Media, now: Millis, links: Links): JsonObject {
  const handle = handleOf(media, now, links);
  const facts = factsOf(media);
  return {
    media: { ...handle, ...facts, caption: media.caption, filename: nameOf(media) },
    ...(media.kind === 'audio' && { audio: { ...handle, ...facts, isVoiceNote: media.voice } }),
    ...(media.kind === 'sticker' && { sticker: { ...handle, ...facts, isAnimated: media.animated } }),
  };
}

/** How long after a customer's message WhatsApp lets a business answer freely. */
const windowMs = 24 * 60 * 60 * 1000;

function whatsappMembers(message: Message): JsonObject {
  const { conversationId, direction, origin } = message;
  const opensWindow = direction === 'inbound' && origin === 'live' && conversationId !== null;
  return {
    source: origin === 'history' ? 'history_import' : direction === 'echo' ? 'business_app' : 'cloud_api',
    isHistoricalImport: origin === 'history',
    ...(opensWindow && {
      conversationWindow: {
        id: foreignId('conversation', conversationId, 'live'),
        originType: 'user_initiated',
        expiresAt: iso(message.sentAt + windowMs),
      },
    }),
    context: camelCased(message.context),
    ...contentMember(message),
  };
}

/** Kinds whose content stands in a member of their name. The list is fixed: a carrier's own word could be `from`. */
const kindsWithContent = ['location', 'contacts', 'reaction', 'interactive', 'button', 'order', 'system'];

function contentMember({ kind, content }: Message): JsonObject {
  const member = kindsWithContent.includes(kind) ? content?.[kind] : undefined;
  return member === undefined ? {} : { [kind]: member };
}

const subjectOf = ({ content }: Message): Json => {
  const subject = content?.['subject'];
  return typeof subject === 'string' ? subject : null;
};

const iso = (at: Millis): string => new Date(at).toISOString();

/** The names of our words as this vendor writes names. */
function camelCased(value: Json): Json {
  if (Array.isArray(value)) return value.map(camelCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      camelCased(inner),
    ]),
  );
}
