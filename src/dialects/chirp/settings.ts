// What an endpoint of the dialect is set to: which of the vendor's events it hears, and in which of the documented forms.

import type { Json, JsonObject } from '../../core/json.ts';
import type { EventType } from '../../core/model.ts';
import { flag, oneOf, settingsReader } from '../endpoint-settings.ts';

/** Events of the vendor's current reference. Those that mediadock knows nothing about can be subscribed to and never come. */
export const currentEvents = [
  'messages.sms.received',
  'messages.sms.sent',
  'messages.sms.delivered',
  'messages.sms.failed',
  'messages.whatsapp.received',
  'messages.whatsapp.sent',
  'messages.whatsapp.delivered',
  'messages.whatsapp.read',
  'messages.whatsapp.failed',
  'templates.whatsapp.created',
  'templates.whatsapp.updated',
  'templates.whatsapp.deleted',
  'templates.whatsapp.connected',
  'contacts.whatsapp.created',
  'contacts.whatsapp.updated',
  'contacts.whatsapp.deleted',
  'whatsapp.account.connected',
  'whatsapp.account.disconnected',
] as const;

/** Names of older SMS pages; `MESSAGE_CREATED` brings the flat body of that time. */
const olderEvents = ['MESSAGE_CREATED', 'MESSAGE_SENT', 'MESSAGE_DELIVERED'] as const;

export const vendorEvents = [...currentEvents, ...olderEvents] as const;
export type VendorEvent = (typeof vendorEvents)[number];

const isVendorEvent = (name: Json): name is VendorEvent => vendorEvents.some((known) => known === name);
const eventsIn = (value: Json | undefined): VendorEvent[] | null =>
  Array.isArray(value) ? value.filter(isVendorEvent) : null;

export const readSettings = settingsReader({
  events: (value) =>
    value === null || (Array.isArray(value) && value.every(isVendorEvent))
      ? undefined
      : `must be null or a list of: ${vendorEvents.join(', ')}`,
  form: oneOf('full', 'flat'),
  echoes: flag,
  resend: flag,
  updatedAt: (value) =>
    typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? undefined : 'must be a time in ISO 8601',
});

export type Settings = {
  /** The vendor's events that it subscribed to; null: all of the current reference. */
  events: VendorEvent[] | null;
  /** The form of WhatsApp messages: the primary page's, or that of the webhook page. */
  form: 'full' | 'flat';
  /** Whether messages are told that the business wrote in its own phone app. */
  echoes: boolean;
  /** Whether a message that went out without its file is sent again once the file is here. */
  resend: boolean;
  /** When the subscription was last changed in the vendor's way; null: never. */
  updatedAt: string | null;
};

export const settingsOf = (given: JsonObject): Settings => ({
  events: eventsIn(given['events']),
  form: given['form'] === 'flat' ? 'flat' : 'full',
  echoes: given['echoes'] !== false,
  resend: given['resend'] !== false,
  updatedAt: typeof given['updatedAt'] === 'string' ? given['updatedAt'] : null,
});

const told: readonly VendorEvent[] = ['messages.whatsapp.received', 'messages.sms.received', 'MESSAGE_CREATED'];

/** Our events that a subscription to these of the vendor's needs. */
export const eventsBehind = (events: readonly VendorEvent[]): EventType[] =>
  events.some((event) => told.includes(event)) ? ['message.received', 'message.echoed', 'media.stored'] : [];
