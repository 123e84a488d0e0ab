// What Google pushes: an event as JSON, in base64, in the envelope of a Pub/Sub push, signed with the client token. The
// envelope exists in more than one generation, and receivers have been seen to check signatures over the wrong bytes.

import { createHmac, randomInt } from 'node:crypto';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';

export type PushOptions = {
  clientToken: string;
  /** What the signature is made over, or whether it is there; `right`: over the decoded data. */
  signature?: 'right' | 'missing' | 'wrong' | 'over_base64' | 'over_body';
  /** `older`: without attributes, and with its ids under two names. */
  envelope?: 'newer' | 'older';
  /** Pub/Sub's own id: the same when a push is tried again, another when an event is published again. */
  publicationId?: string;
  /** In place of the JSON of the event, as it is. */
  data?: string;
};

export type Push = { body: Uint8Array; headers: Record<string, string> };

export function makePush(event: JsonObject, at: Millis, options: PushOptions): Push {
  const data = Buffer.from(options.data ?? JSON.stringify(event));
  const base64 = data.toString('base64');
  const messageId = options.publicationId ?? String(randomInt(2 ** 47));
  const publishTime = new Date(at).toISOString();
  const subscription = 'projects/rbm-project/subscriptions/rbm-agent-subscription';
  const message =
    options.envelope === 'older'
      ? { data: base64, messageId, message_id: messageId, publishTime, publish_time: publishTime }
      : { attributes: attributesOf(event), data: base64, messageId, publishTime };
  const body = Buffer.from(JSON.stringify({ message, subscription }));
  const { signature = 'right', clientToken } = options;
  const token = signature === 'wrong' ? `not ${clientToken}` : clientToken;
  const over = signature === 'over_base64' ? base64 : signature === 'over_body' ? body : data;
  const headers = signature === 'missing' ? {} : { 'x-goog-signature': signData(over, token) };
  return { body, headers };
}

/** Base64 of HMAC-SHA512 under the client token (RBM, "Webhooks", verifying messages). */
export const signData = (data: Uint8Array | string, clientToken: string): string =>
  createHmac('sha512', clientToken).update(data).digest('base64');

function attributesOf(event: JsonObject): JsonObject {
  const { eventType, agentId = '' } = event;
  return {
    project_number: '3338881441851',
    product: 'RBM',
    ...(eventType === undefined
      ? { type: 'message', message_type: messageType(event) }
      : { type: 'event', event_type: eventType }),
    business_id: agentId,
  };
}

const messageType = (event: JsonObject): string =>
  ({ userFile: 'USER_FILE', location: 'LOCATION', suggestionResponse: 'SUGGESTION_RESPONSE' })[
    ['userFile', 'location', 'suggestionResponse'].find((name) => name in event) ?? ''
  ] ?? 'TEXT';
