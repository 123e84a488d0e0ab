// The WhatsApp Cloud API as Meta hosts it. What an operator should know is in docs/carriers/whatsapp-cloud.md.

import type { Carrier } from '../../core/carrier.ts';
import { challenge } from './challenge.ts';
import { firstHop, judge, nextHop } from './fetch.ts';
import { parse } from './parse.ts';
import { judgeProbe, probe } from './probe.ts';
import { readChannel, readConnection } from './settings.ts';
import { signatureHeader, verify } from './signature.ts';

export const whatsappCloud: Carrier = {
  name: 'whatsapp-cloud',
  // Only 200 counts as accepted; what the body says does not matter.
  accepted: { status: 200 },
  journalHeaders: ['content-type', 'user-agent', signatureHeader],
  readConnection,
  readChannel,
  challenge,
  verify,
  parse,
  firstHop,
  nextHop,
  judge,
  discard: () => null,
  recent: null,
  probe,
  judgeProbe,
};
