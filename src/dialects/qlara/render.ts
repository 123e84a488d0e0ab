// An inbound message in qlara's words: one request for each attachment, or one for a text. Nothing in them says which
// attachments came together. The vendor documents two forms; the nested one is that of its newest page.

import type { Rendered, Telling } from '../../core/dialect.ts';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { bareType } from '../../core/media-type.ts';
import type { Media, MediaKind, Message } from '../../core/model.ts';
import { stateNow } from '../../core/present.ts';
import { safeBaseName } from '../../core/text.ts';
import { recipientOf, senderOf } from '../e164.ts';
import { networkOf } from '../network-of.ts';
import { wholeSeconds } from '../whole-seconds.ts';
import { mediaKeyOf } from './ids.ts';
import { type Settings, settingsOf } from './settings.ts';

/** What a message says: its type, and the members that belong to it. */
type Content = { type: string; members: JsonObject };

/** Kinds that have no word of their own are documents. */
const typeOf = (kind: MediaKind): string => (kind === 'file' ? 'DOCUMENT' : kind.toUpperCase());

const mediaKinds: ReadonlySet<string> = new Set<MediaKind>(['image', 'audio', 'video', 'document', 'sticker', 'file']);
const isMediaKind = (kind: string): kind is MediaKind => mediaKinds.has(kind);

export function render({ event, part, now, settings: given }: Telling): Rendered | null {
  const { type, message, media } = event;
  if (message === null || message.direction !== 'inbound') return null;
  const settings = settingsOf(given);
  // The file came after its message had gone out without it: the message is told again, complete.
  const late = type === 'media.stored';
  if (late && (!settings.resend || media === null || stateNow(media, now) !== 'stored')) return null;
  const content = contentOf(message, late ? (media?.part ?? 0) : part, now, settings);
  return content && { body: JSON.stringify(bodyOf(message, content, settings)), headers: jsonHeaders };
}

const jsonHeaders = { 'content-type': 'application/json' };

function contentOf(message: Message, part: number, now: Millis, settings: Settings): Content | null {
  const media = message.media.find((one) => one.part === part);
  if (media !== undefined) {
    // A preview is no attachment of its own.
    return media.thumbnailOf === null
      ? { type: typeOf(media.kind), members: membersOf(media, message, now, settings) }
      : null;
  }
  if (part !== 0) return null;
  // The carrier announced a file and named none.
  if (isMediaKind(message.kind))
    return { type: typeOf(message.kind), members: { ...captionOf(message.text), mimeType: unknownType } };
  return message.text === null ? null : { type: 'TEXT', members: { text: message.text } };
}

const unknownType = 'application/octet-stream';

/** Without a key where there is no file to be had: not yet, or no longer. */
function membersOf(media: Media, message: Message, now: Millis, { extras }: Settings): JsonObject {
  const here = stateNow(media, now) === 'stored';
  const fileName = safeBaseName(media.fileName ?? '');
  return {
    // Where text and files came as one message without captions, the text goes with the first of them.
    ...captionOf(media.caption ?? (media.part === 0 ? message.text : null)),
    mimeType: bareType(media.type) ?? unknownType,
    ...(here && { mediaKey: mediaKeyOf(media.id) }),
    ...(extras && fileName !== '' && { fileName }),
    ...(extras && here && { fileSize: media.size, sha256: media.sha256 }),
  };
}

const captionOf = (caption: string | null): JsonObject => (caption === null || caption === '' ? {} : { caption });

function bodyOf(message: Message, { type, members }: Content, { form, extras }: Settings): JsonObject {
  const { contact, carrierMessageId } = message;
  const common = { channel: networkOf(message).toUpperCase(), eventType: 'INBOUND' };
  const timestamp = wholeSeconds(message.sentAt);
  const from = senderOf(message);
  const to = recipientOf(message);
  const senderName = extras && contact?.name ? { senderName: contact.name } : {};
  return form === 'nested'
    ? { ...common, messageId: carrierMessageId, from, to, timestamp, content: { type, ...members }, ...senderName }
    : {
        ...common,
        source: from,
        destination: to,
        timestamp,
        messageType: type,
        ...members,
        ...(extras && { messageId: carrierMessageId, ...senderName }),
      };
}
