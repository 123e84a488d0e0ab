// Numbers as telephone people write them: a plus and digits (ITU-T E.164).

import type { Message } from '../core/model.ts';
import { lineOf } from './network-of.ts';

/** Who sent a message: the number with its plus; where the carrier tells none, the id under which it knows the person. */
export function senderOf({ contact }: Pick<Message, 'contact'>): string | null {
  const phone = contact?.identities.find(({ kind }) => kind === 'phone');
  if (phone !== undefined) return `+${phone.value}`;
  return contact?.identities[0]?.value ?? null;
}

type Line = Pick<Message, 'channelAddress' | 'channelDisplay' | 'context'>;

/** The number that a message came to, with its plus; an address that is no number, such as an agent's, stands as it is. */
export function recipientOf(line: Line): string {
  const { channelAddress, channelDisplay } = line;
  // A display that nobody chose is the carrier's own id of the line, which may be digits too and is no number.
  if (channelDisplay === channelAddress) return lineOf(line).replace(/^(whatsapp|rcs):/, '');
  const bare = channelDisplay.replace(/[\s().-]/g, '');
  return /^\+?\d+$/.test(bare) ? `+${bare.replace('+', '')}` : channelDisplay;
}
