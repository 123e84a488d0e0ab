// An inbound message in the vendor's two forms: the body of a webhook, which is Meta's with one member more, and the frame of
// a socket, which is flat.

import type { Rendered, Telling } from '../../core/dialect.ts';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Event, Message } from '../../core/model.ts';
import { stateNow } from '../../core/present.ts';
import { recipientOf, senderOf } from '../e164.ts';
import { foreignId } from './ids.ts';
import { nameOf, presentMedia, typeOf } from './media.ts';
import { attachmentsOf, contentOf, conversationOf, messageTypeOf, textOf } from './message.ts';
import { type Settings, settingsOf } from './settings.ts';

export function render({ event, now, settings }: Telling): Rendered | null {
  const message = messageToTell(event, now, settingsOf(settings));
  return message && { body: JSON.stringify(webhookOf(message, now)), headers: { 'content-type': 'application/json' } };
}

export function renderFrame({ event, now, settings }: Telling): string | null {
  const message = messageToTell(event, now, settingsOf(settings));
  return message && JSON.stringify({ type: 'whatsapp_message', data: frameOf(message, now) });
}

/** A file that comes after its message went out without it brings the message again, complete. */
function messageToTell({ type, message, media }: Event, now: Millis, { resend }: Settings): Message | null {
  if (message === null || message.direction !== 'inbound') return null;
  if (type === 'message.received') return message;
  const isLate = type === 'media.stored' && media !== null && media.thumbnailOf === null;
  return isLate && resend && stateNow(media, now) === 'stored' ? message : null;
}

function frameOf(message: Message, now: Millis): JsonObject {
  const type = messageTypeOf(message);
  const text = textOf(message);
  return {
    messageId: foreignId('message', message.id),
    conversationId: conversationOf(message),
    poolNumberId: foreignId('channel', message.channelId),
    poolNumberPhoneNumber: recipientOf(message),
    fromNumber: counterpartOf(message),
    ...(message.contact?.name && { fromName: message.contact.name }),
    timestamp: timeOf(message),
    type,
    body: text,
    text,
    ...mediaMembers(message, now),
    ...contentMember(message, true),
  };
}

function webhookOf(message: Message, now: Millis): JsonObject {
  const { contact, channelId } = message;
  const poolNumberId = foreignId('channel', channelId);
  const from = counterpartOf(message).replace(/^\+/, '');
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: recipientOf(message), phone_number_id: poolNumberId },
    messages: [
      {
        id: foreignId('message', message.id),
        from,
        timestamp: timeOf(message),
        type: messageTypeOf(message),
        ...substanceOf(message),
      },
    ],
    contacts: [{ profile: { name: contact?.name ?? '' }, wa_id: from }],
  };
  return {
    object: 'whatsapp_business_account',
    entry: [{ id: poolNumberId, changes: [{ field: 'messages', value }] }],
    pipes: { conversationId: conversationOf(message), poolNumberId, ...mediaMembers(message, now) },
  };
}

/** The member of the type's own name, as Meta has it. */
function substanceOf(message: Message): JsonObject {
  const type = messageTypeOf(message);
  const text = textOf(message);
  if (type === 'text') return { text: { body: text } };
  const [media] = attachmentsOf(message);
  if (media === undefined) return contentMember(message, false);
  const fileName = nameOf(media);
  return {
    [type]: {
      // Meta's own id, which opens nothing for whoever hears this.
      id: media.carrierMediaId ?? foreignId('message', message.id),
      mime_type: typeOf(media),
      ...(text !== '' && { caption: text }),
      ...(fileName !== undefined && { filename: fileName }),
    },
  };
}

function mediaMembers(message: Message, now: Millis): JsonObject {
  const [first, ...others] = attachmentsOf(message).map((media) => presentMedia(media, now));
  if (first === undefined) return {};
  return { media: first, ...(others.length > 0 && { attachments: [first, ...others] }) };
}

/** @param flat whether the names are those of the frame, where a reaction says `messageId` */
function contentMember(message: Message, flat: boolean): JsonObject {
  const content = contentOf(message);
  if (content === undefined) return {};
  if (!flat || Array.isArray(content) || message.kind !== 'reaction') return { [message.kind]: content };
  const { message_id: messageId = null, ...rest } = content;
  return { reaction: { messageId, ...rest } };
}

/** Who wrote: a number with its plus where there is one. */
const counterpartOf = (message: Message): string => senderOf(message) ?? message.groupId ?? '';

const timeOf = ({ sentAt }: Message): string => new Date(sentAt).toISOString();
