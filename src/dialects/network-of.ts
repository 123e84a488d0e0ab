import type { Message } from '../core/model.ts';

/** The line of the business that a message came to, as its carrier names it; of a service, the one of its lines. */
export function lineOf({ channelAddress, context }: Pick<Message, 'channelAddress' | 'context'>): string {
  const to = context?.['to'];
  return typeof to === 'string' ? to : channelAddress;
}

/**
 * Which network people know a message to have come over. A carrier of several says it before the address (`whatsapp:+1…`,
 * `rcs:agent`), else the carrier's name does; what is neither of two is SMS or MMS.
 */
export function networkOf(
  message: Pick<Message, 'carrier' | 'channelAddress' | 'context'>,
): 'whatsapp' | 'rcs' | 'sms' {
  const told = /^(whatsapp|rcs):/.exec(lineOf(message))?.[1] ?? message.carrier;
  if (told.includes('whatsapp')) return 'whatsapp';
  return told.includes('rcs') ? 'rcs' : 'sms';
}
