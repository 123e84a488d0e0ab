// A delivery on trial: a made-up message, in the endpoint's dialect, signed and sent like every other, at once. It is recorded
// nowhere, so what it names does not exist: its file answers 410.

import { createHash } from 'node:crypto';
import { Fault } from '../core/faults.ts';
import { type Millis, newId } from '../core/ids.ts';
import type { Endpoint, Event, Media, Message, Reach } from '../core/model.ts';
import type { Records } from '../core/records.ts';
import { type SendEventParts, type Sent, sendEvent } from './send-event.ts';
import { type TellSocketParts, tellSocket } from './tell-socket.ts';

export type TestDelivery = {
  /** Sends one, whether or not the endpoint is paused. @throws Fault not_found */
  send(reach: Reach, appId: string, endpointId: string, signal: AbortSignal): Promise<Sent>;
};

export type TestDeliveryParts = SendEventParts & TellSocketParts & { records: Pick<Records, 'endpoint'> };

export function testDelivery(parts: TestDeliveryParts): TestDelivery {
  return {
    async send(reach, appId, id, signal) {
      const endpoint = await parts.records.endpoint({ reach, appId, id });
      if (endpoint === undefined) throw new Fault('not_found');
      const now = parts.clock.now();
      const sending = { event: sampleEvent(endpoint, now), endpoint, part: 0, about: `test of ${id}` };
      const sent =
        endpoint.transport === 'socket'
          ? (await tellSocket(parts, sending, now, signal)).sent
          : await sendEvent(parts, sending, signal);
      const isUnspoken = sent.body === null && sent.error === null;
      return isUnspoken ? { ...sent, error: `the dialect ${endpoint.dialect} has no words for a message` } : sent;
    },
  };
}

const text = 'A test by mediadock. Nobody sent this, and its file does not exist.';

function sampleEvent({ appId }: Endpoint, now: Millis): Event {
  const channelId = newId('channel', now);
  const messageId = newId('message', now);
  const media: Media = {
    key: 0,
    id: newId('media', now),
    appId,
    channelId,
    messageId,
    part: 0,
    kind: 'image',
    state: 'stored',
    reason: null,
    stateAt: now,
    carrierMediaId: 'test',
    caption: text,
    fileName: 'test.jpg',
    voice: false,
    animated: false,
    thumbnailOf: null,
    declaredType: 'image/jpeg',
    declaredSha256: null,
    declaredSize: null,
    servedType: 'image/jpeg',
    sniffedType: 'image/jpeg',
    type: 'image/jpeg',
    size: text.length,
    sha256: createHash('sha256').update(text).digest('hex'),
    integrity: 'unchecked',
    blob: null,
    receivedAt: now,
    storedAt: now,
    deadline: now,
    expiresAt: null,
    heldUntil: null,
    linkSeconds: null,
    source: {},
  };
  const message: Message = {
    key: 0,
    id: messageId,
    appId,
    channelId,
    carrier: 'test',
    channelAddress: 'test',
    channelDisplay: '+15550100000',
    conversationId: newId('conversation', now),
    contact: {
      id: newId('contact', now),
      name: 'Test',
      identities: [{ kind: 'phone', value: '15550100001' }],
    },
    groupId: null,
    carrierMessageId: `test.${messageId}`,
    direction: 'inbound',
    origin: 'live',
    kind: 'image',
    text,
    context: null,
    content: null,
    raw: null,
    errors: [],
    verified: true,
    sentAt: now,
    receivedAt: now,
    media: [media],
  };
  return {
    key: 0,
    id: newId('event', now),
    type: 'message.received',
    version: 1,
    appId,
    at: now,
    message,
    media: null,
    channel: null,
    endpoint: null,
  };
}
