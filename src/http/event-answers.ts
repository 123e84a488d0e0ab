// What each native event looks like: the body of a webhook, a row of the events, and what a stream tells.

import { z } from 'zod';
import type { EventType } from '../core/model.ts';
import { channel, endpoint, idOf, media, message, time } from './answers.ts';
import { messageReceivedExample } from './event-example.ts';

const eventOf = <Type extends EventType, Data extends z.ZodRawShape>(type: Type, data: Data) =>
  z.strictObject({
    id: idOf('event'),
    type: z.literal(type),
    version: z.literal(1),
    timestamp: time,
    app_id: idOf('app'),
    data: z.strictObject(data),
  });

/** A schema for each type; the compiler asks for it. */
export const events = {
  'message.received': eventOf('message.received', { message }).meta({
    id: 'MessageReceivedEvent',
    examples: [messageReceivedExample],
    description: 'Somebody sent a message. Media that is still being fetched is `pending` in it.',
  }),
  'message.echoed': eventOf('message.echoed', { message }).meta({
    id: 'MessageEchoedEvent',
    description: 'The business itself sent a message, from another device.',
  }),
  'message.status': eventOf('message.status', { message }).meta({
    id: 'MessageStatusEvent',
    description: 'A message that was sent moved on.',
  }),
  'media.stored': eventOf('media.stored', { media, message: message.optional() }).meta({
    id: 'MediaStoredEvent',
    description: 'A file that its message was delivered without is here.',
  }),
  'media.unavailable': eventOf('media.unavailable', { media, message: message.optional() }).meta({
    id: 'MediaUnavailableEvent',
    description: 'The carrier will not give the file.',
  }),
  'media.expired': eventOf('media.expired', { media, message: message.optional() }).meta({
    id: 'MediaExpiredEvent',
    description: 'Its retention has ended, and the file is gone.',
  }),
  'media.deleted': eventOf('media.deleted', { media, message: message.optional() }).meta({
    id: 'MediaDeletedEvent',
    description: 'Somebody deleted the file.',
  }),
  'media.answered': eventOf('media.answered', { media, message: message.optional() }).meta({
    id: 'MediaAnsweredEvent',
    description: 'The answer to a client of another dialect that asked for a file. Native endpoints are not sent it.',
  }),
  'channel.paused': eventOf('channel.paused', { channel }).meta({
    id: 'ChannelPausedEvent',
    description: 'The carrier refuses the account of a channel; files wait until it is put right.',
  }),
  'channel.resumed': eventOf('channel.resumed', { channel }).meta({
    id: 'ChannelResumedEvent',
    description: 'Its files are fetched again.',
  }),
  'endpoint.paused': eventOf('endpoint.paused', { endpoint }).meta({
    id: 'EndpointPausedEvent',
    description: 'An endpoint of the app is gone or was paused; its deliveries wait.',
  }),
} as const satisfies Record<EventType, z.ZodType>;

export const event = z
  .discriminatedUnion('type', [
    events['message.received'],
    events['message.echoed'],
    events['message.status'],
    events['media.stored'],
    events['media.unavailable'],
    events['media.expired'],
    events['media.deleted'],
    events['media.answered'],
    events['channel.paused'],
    events['channel.resumed'],
    events['endpoint.paused'],
  ])
  .meta({ id: 'Event' });
