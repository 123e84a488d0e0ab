import type { Rendered, Telling } from '../../core/dialect.ts';
import type { Id, Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Channel, Event, Message } from '../../core/model.ts';
import { stateNow } from '../../core/present.ts';
import { uuidOf } from '../uuid.ts';
import { numberOf } from './jids.ts';
import { iso, messagePayload, revokedPayload } from './message.ts';
import { requestIdHeader } from './settings.ts';

type Told = { event: string; channelId: Id<'channel'>; payload: JsonObject };

/**
 * The webhook of an event. `request_id` names the request, and receivers drop what comes twice under one. It is the same on
 * every retry that says the same; once there is a file to tell of, it is another, or whoever had the message without its file
 * would drop the one with it.
 */
export function render({ event, part, now }: Telling): Rendered | null {
  const told = tell(event, part, now);
  if (told === null) return null;
  const requestId = requestIdOf(event.id, part, 'media_path' in told.payload);
  const body = {
    event: told.event,
    device_id: uuidOf(told.channelId),
    app_id: uuidOf(event.appId),
    timestamp: iso(event.at),
    request_id: requestId,
    payload: told.payload,
  };
  return {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', [requestIdHeader]: requestId },
  };
}

function tell({ type, message, media, channel }: Event, part: number, now: Millis): Told | null {
  switch (type) {
    case 'message.received':
    case 'message.echoed':
      return message && tellMessage(message, part, now);
    case 'media.stored':
      // Whoever was told of the message before its file was there is told again.
      return message && media && stateNow(media, now) === 'stored' ? tellMessage(message, media.part, now) : null;
    case 'channel.resumed':
      return channel && { event: 'device_connected', channelId: channel.id, payload: connected(channel) };
    case 'channel.paused':
      return channel && { event: 'device_disconnected', channelId: channel.id, payload: { status: 'disconnected' } };
    default:
      return null;
  }
}

function tellMessage(message: Message, part: number, now: Millis): Told | null {
  const { channelId } = message;
  const revoked = revokedPayload(message);
  if (revoked !== undefined) return { event: 'message_revoked', channelId, payload: revoked };
  const media = message.media.find((one) => one.part === part);
  // A preview is no attachment of its own.
  if (media === undefined ? part > 0 : media.thumbnailOf !== null) return null;
  return { event: 'message', channelId, payload: messagePayload(message, media, now) };
}

const connected = (channel: Channel): JsonObject => ({
  status: 'connected',
  ...numberOf(channel),
  linked_at: iso(channel.createdAt),
});

/** Of the event's id; the requests that one event makes differ in the last digits. */
function requestIdOf(id: Id<'event'>, part: number, hasFile: boolean): string {
  const uuid = uuidOf(id);
  const last = (Number.parseInt(uuid.slice(-8), 16) ^ (2 * part + Number(hasFile))) >>> 0;
  return uuid.slice(0, -8) + last.toString(16).padStart(8, '0');
}
