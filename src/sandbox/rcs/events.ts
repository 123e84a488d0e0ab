// The events of an agent, as the JSON that a push carries.

import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock, Millis } from '../../core/ids.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { KeptMedia } from '../kept-media.ts';

/** A file at the file host. */
export type RcsFile = { readonly media: KeptMedia; readonly uri: string };

export type RcsMessageOptions = {
  /** With the plus sign; null: left out. */
  from?: string | null;
  messageId?: string;
  at?: Millis;
};

/** A message as its event, and the id that the sender's phone gave it. */
export type ComposedEvent = { messageId: string; event: JsonObject };

export type RcsEvents = {
  /** A message that holds this besides who, when and to whom. */
  message(content: JsonObject, options?: RcsMessageOptions): ComposedEvent;
  /** Something that a user did, to a message of the agent where one is named. */
  userEvent(eventType: string, aboutMessageId?: string): JsonObject;
  /** Something that the service did to a message of the agent. */
  serverEvent(eventType: string): JsonObject;
};

export const somebodysNumber = '+12223334444';

/** What a message may hold. */
export const rcsContents = {
  text: (text: string): JsonObject => ({ text }),
  location: (latitude: number, longitude: number): JsonObject => ({ location: { latitude, longitude } }),
  reply: (postbackData: string, text: string, type = 'REPLY'): JsonObject => ({
    suggestionResponse: { postbackData, text, type },
  }),
  /** `says`: members of the file's `FileInfo` that are to be other than the truth; null: left out. */
  file: (payload: RcsFile, thumbnail?: RcsFile, says: JsonObject = {}): JsonObject => ({
    userFile: { ...(thumbnail && { thumbnail: infoOf(thumbnail, {}) }), payload: infoOf(payload, says) },
  }),
};

const infoOf = ({ media, uri }: RcsFile, says: JsonObject): JsonObject =>
  withoutNull({
    mimeType: media.type,
    fileSizeBytes: media.size,
    fileName: media.fileName ?? '',
    fileUri: uri,
    ...says,
  });

const withoutNull = (object: { [name: string]: Json }): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));

export function rcsEvents(agentId: string, clock: Clock): RcsEvents {
  const sendTime = (at: Millis = clock.now()): string => new Date(at).toISOString().replace('Z', '123456Z');
  return {
    message(content, { from = somebodysNumber, messageId = randomBytes(16).toString('base64url'), at } = {}) {
      const sender = withoutNull({ senderPhoneNumber: from });
      return { messageId, event: { ...sender, messageId, sendTime: sendTime(at), agentId, ...content } };
    },
    userEvent: (eventType, aboutMessageId) => ({
      senderPhoneNumber: somebodysNumber,
      eventType,
      eventId: randomUUID(),
      ...(aboutMessageId !== undefined && { messageId: aboutMessageId }),
      sendTime: sendTime(),
      agentId,
    }),
    serverEvent: (eventType) => ({
      phoneNumber: somebodysNumber,
      agentId,
      messageId: randomUUID(),
      eventType,
      eventId: randomUUID(),
      sendTime: sendTime(),
    }),
  };
}
