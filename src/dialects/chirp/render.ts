import type { Rendered, Telling } from '../../core/dialect.ts';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Event, Message } from '../../core/model.ts';
import { foreignId } from './ids.ts';
import { familyOf, flatMessage, fullMessage, modeOf, olderSms } from './message.ts';
import { currentEvents, type Settings, settingsOf, type VendorEvent } from './settings.ts';

/**
 * The webhook of an event, in the form that the endpoint is set to. A file that comes after its message went out brings the
 * message again, complete: the vendor's clients know a message by its id, and hear of a file in no other way.
 */
export function render({ event, now, links, settings: given }: Telling): Rendered | null {
  const { message } = event;
  if (message === null) return null;
  const settings = settingsOf(given);
  const name = isWanted(event, settings) ? eventOf(message, settings.events ?? currentEvents) : undefined;
  if (name === undefined) return null;
  const body = (data: JsonObject, more: JsonObject = {}): Rendered => ({
    body: JSON.stringify({ event: name, ...more, data }),
    headers: { 'content-type': 'application/json' },
  });
  if (name === 'MESSAGE_CREATED') return body(olderSms(message, now, links));
  if (settings.form === 'flat' && familyOf(message) === 'whatsapp') return body(flatMessage(message, now, links));
  return body(
    { message: fullMessage(message, now, links), app: { id: foreignId('app', event.appId, modeOf(message)) } },
    { timestamp: timestampOf(event.at) },
  );
}

function isWanted({ type, message }: Event, { echoes, resend }: Settings): boolean {
  return (resend || type !== 'media.stored') && (echoes || message?.direction !== 'echo');
}

function eventOf(message: Message, subscribed: readonly VendorEvent[]): VendorEvent | undefined {
  const names: readonly VendorEvent[] =
    familyOf(message) === 'whatsapp' ? ['messages.whatsapp.received'] : ['messages.sms.received', 'MESSAGE_CREATED'];
  return names.find((name) => subscribed.includes(name));
}

const timestampOf = (at: Millis): string => new Date(at).toISOString();
