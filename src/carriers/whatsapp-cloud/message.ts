// One message of a webhook in our words. Nothing in it is required but its id: a member that is missing or odd leaves its
// place empty, and a type that we do not know is delivered with its own JSON.

import type { InboundMessage, MediaClaim, Update } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import type { Direction, Origin } from '../../core/model.ts';
import { captionBytes, clip, foreignId } from '../../core/text.ts';
import { boundedObject, listOf, member, textOf, wholeNumber } from '../json-reading.ts';
import { readContext } from './context.ts';
import type { Counterpart } from './counterpart.ts';
import { flowFiles, mostFiles } from './flow-reply.ts';
import { downloadFailed, type MediaContext, mediaClaim, mediaKinds } from './media.ts';

/** Types without a file that are delivered with the object of their own name as content. */
const plainKinds: ReadonlySet<unknown> = new Set([
  'text',
  'location',
  'contacts',
  'reaction',
  'interactive',
  'button',
  'order',
  'system',
  'request_welcome',
  'unsupported',
  'media_placeholder',
]);

const textBytes = 64 * 1024;
const jsonBytes = 64 * 1024;
const errorBytes = 4 * 1024;
const mostErrors = 20;

const dayMs = 24 * 60 * 60 * 1000;
const mediaLifeMs = 7 * dayMs;
const whatsappFounded = Date.UTC(2009, 0, 1);

/** What a message's webhook says around it. */
export type Surroundings = {
  address: string;
  direction: Direction;
  origin: Origin;
  counterpart: Counterpart;
  now: Millis;
};

/** What a message says, apart from whose it is: the part that an edit carries anew. */
type Substance = { text: string | null; content: JsonObject | null; media: MediaClaim[] };

/** The message, or why it cannot be one; besides, a note when it announces more files than are taken. */
export function readMessage(message: unknown, around: Surroundings): Update[] {
  const id = foreignId(member(message, 'id'));
  if (!isObject(message) || id === undefined) return [{ is: 'unparsed', reason: 'A message has no usable id.' }];
  const type = member(message, 'type');
  const sentAt = readTime(member(message, 'timestamp'), around.now);
  const errors = listOf(member(message, 'errors')).filter(isObject).slice(0, mostErrors);
  const media: MediaContext = {
    // A chat history brings media of past weeks under ids made just now.
    deadline: (around.origin === 'history' ? around.now : sentAt) + mediaLifeMs,
    errors: errors.map((error) => wholeNumber(member(error, 'code'))).filter((code) => code !== undefined),
  };
  const substance = type === 'edit' ? readEdit(member(message, 'edit'), media) : readSubstance(type, message, media);
  const read: InboundMessage = {
    is: 'message',
    address: around.address,
    dedupeKey: id,
    carrierMessageId: id,
    direction: around.direction,
    origin: around.origin,
    kind: mediaKinds.get(type) ?? clip(foreignId(type) ?? 'unknown', 64),
    text: substance.text,
    ...around.counterpart,
    groupId: foreignId(member(message, 'group_id')) ?? null,
    context: readContext(message),
    content: substance.content,
    raw: isKnown(type) ? null : boundedObject(message, jsonBytes),
    errors: errors.map((error) => boundedObject(error, errorBytes)),
    sentAt,
    media: substance.media.slice(0, mostFiles),
  };
  if (substance.media.length <= mostFiles) return [read];
  return [read, { is: 'unparsed', reason: `A message announces more than ${mostFiles} files; the rest was left out.` }];
}

function isKnown(type: unknown): boolean {
  return mediaKinds.has(type) || plainKinds.has(type) || type === 'edit' || type === 'revoke';
}

function readSubstance(type: unknown, message: unknown, context: MediaContext): Substance {
  const object = member(message, type);
  const kind = mediaKinds.get(type);
  if (kind !== undefined) {
    const claim = mediaClaim(kind, type === 'voice' && isObject(object) ? { ...object, voice: true } : object, context);
    return { text: claim.caption, content: null, media: [claim] };
  }
  if (type === 'text') return { text: textOf(member(object, 'body'), textBytes), content: null, media: [] };
  const content =
    plainKinds.has(type) && object !== undefined ? boundedObject({ [String(type)]: object }, jsonBytes) : null;
  return { text: wordsOf(type, object), content, media: hiddenMedia(type, object, context) };
}

/** An edit holds a whole message of its own, which takes the place of the first. */
function readEdit(edit: unknown, context: MediaContext): Substance {
  const inner = member(edit, 'message');
  const type = member(inner, 'type');
  const substance = readSubstance(type, inner, context);
  const content = isKnown(type) || !isObject(edit) ? substance.content : boundedObject({ edit }, jsonBytes);
  return { ...substance, content };
}

/** What a person would read aloud of a message whose substance is not its text. */
function wordsOf(type: unknown, object: unknown): string | null {
  switch (type) {
    case 'button':
    case 'order':
      return textOf(member(object, 'text'), captionBytes);
    case 'system':
      return textOf(member(object, 'body'), textBytes);
    case 'interactive':
      return textOf(member(member(object, member(object, 'type')), 'title'), captionBytes);
    default:
      return null;
  }
}

/** Files of messages that are not about a file by their type. */
function hiddenMedia(type: unknown, object: unknown, context: MediaContext): MediaClaim[] {
  if (type === 'interactive') return flowFiles(member(member(object, 'nfm_reply'), 'response_json'), context);
  // A file that Meta could not take over arrives as an unsupported message. There was one, and nobody should miss it.
  if (type === 'unsupported' && context.errors.includes(downloadFailed)) {
    return [mediaClaim(mediaKinds.get(member(object, 'type')) ?? 'file', undefined, context)];
  }
  return [];
}

/** Unix seconds, as text or number; `now` where they are missing or cannot be true. */
function readTime(value: unknown, now: Millis): Millis {
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value;
  const time = typeof seconds === 'number' ? Math.floor(seconds * 1000) : Number.NaN;
  return time >= whatsappFounded && time <= now + dayMs ? time : now;
}
