// Parties are WhatsApp's JIDs. Numbers stand at s.whatsapp.net; who has no number, at lid, where WhatsApp puts people that
// are known by another id.

import type { Channel, Message } from '../../core/model.ts';
import { recipientOf, senderOf } from '../e164.ts';

const jidOf = (party: string): string => {
  const digits = /^\+(\d+)$/.exec(party)?.[1];
  return digits === undefined ? `${party}@lid` : `${digits}@s.whatsapp.net`;
};

const groupJid = (id: string): string => (id.endsWith('@g.us') ? id : `${id}@g.us`);

/** Who is on which side of a message. A person that the carrier does not tell is an empty text. */
export function partiesOf(message: Message): { from: string; to: string; chat: string; is_group: boolean } {
  const { groupId, direction } = message;
  const own = jidOf(recipientOf(message));
  const sender = senderOf(message);
  const person = sender === null ? '' : jidOf(sender);
  const chat = groupId === null ? person : groupJid(groupId);
  const isOutbound = direction === 'echo';
  return {
    from: isOutbound ? own : person,
    to: isOutbound || groupId !== null ? chat : own,
    chat,
    is_group: groupId !== null,
  };
}

/** The number of a channel in digits, and as a JID; null where it has none. */
export function numberOf({ address, display }: Pick<Channel, 'address' | 'display'>): {
  wa_number: string | null;
  wa_device_jid: string | null;
} {
  const number = recipientOf({ channelAddress: address, channelDisplay: display, context: null });
  if (!/^\+\d+$/.test(number)) return { wa_number: null, wa_device_jid: null };
  return { wa_number: number.slice(1), wa_device_jid: jidOf(number) };
}
