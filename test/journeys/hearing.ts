// Hearing a message: sent by the sandbox, delivered to the application, and read again in every way that the API offers.

import { expect } from 'vitest';
import type { MessageOptions } from '../../src/sandbox/compose/composer.ts';
import type { Content } from '../../src/sandbox/compose/contents.ts';
import type { Received } from '../../src/sandbox/receiver.ts';
import { about, type Body, eventOf, eventsAfter, messageOf, type Rig, type Tenant } from './rig.ts';

/** Sends one message and gives what the application heard of it, once lists, reads and events were seen to agree. */
export async function hear(
  rig: Rig,
  tenant: Tenant,
  content: Content,
  options: MessageOptions & { contacts?: 'missing' } = {},
): Promise<Body> {
  const { contacts, ...more } = options;
  const { compose } = rig.sandbox;
  const message = compose.message(content, more);
  const posted = await rig.post(
    compose.body([compose.received(tenant.phoneNumberId, [message], contacts ? { contacts } : {})]),
  );
  expect(posted.status).toBe(200);
  return await agreed(rig, tenant, await tenant.receiver.next(about(message.id)));
}

/** The message of a delivery, once lists, reads and events were seen to agree with it. */
export async function agreed(rig: Rig, tenant: Tenant, delivered: Received): Promise<Body> {
  expect(delivered.verified).toBe(true);
  const message = messageOf(delivered);
  const read = await rig.call('GET', `/api/v1/messages/${message.id}`, undefined, tenant.key);
  expect(withoutLinks(read.body)).toEqual(withoutLinks(message));
  const list = await rig.call('GET', '/api/v1/messages?limit=200', undefined, tenant.key);
  expect(withoutLinks(list.body.data.find(({ id }: Body) => id === message.id))).toEqual(withoutLinks(message));
  const { events } = await eventsAfter(rig, tenant);
  const event = events.find(({ id }) => id === eventOf(delivered).id);
  expect({ ...event, data: { message: withoutLinks(event.data.message) } }).toEqual({
    ...eventOf(delivered),
    data: { message: withoutLinks(message) },
  });
  return message;
}

/** Links are signed anew each time. */
const withoutLinks = (message: Body): Body => ({
  ...message,
  media: message.media.map((media: Body) => ({ ...media, url: null, url_expires_at: null })),
});
