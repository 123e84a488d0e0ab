// Programmable Messaging of Twilio: SMS, MMS, WhatsApp and RCS by one kind of webhook. What an operator should know is in
// docs/carriers/twilio.md.

import type { Carrier } from '../../core/carrier.ts';
import { discard, firstHop, judge, judgeProbe, nextHop, probe } from './fetch.ts';
import { parse } from './parse.ts';
import { recent } from './recent.ts';
import { readChannel, readConnection } from './settings.ts';
import { signatureHeader, verify } from './signature.ts';

export const twilio: Carrier = {
  name: 'twilio',
  // An answer is an instruction: text would be sent to the person as a reply. This one says to do nothing.
  accepted: {
    status: 200,
    type: 'text/xml; charset=utf-8',
    body: '<?xml version="1.0" encoding="UTF-8"?><Response></Response>',
  },
  journalHeaders: ['content-type', 'user-agent', 'i-twilio-idempotency-token', signatureHeader],
  readConnection,
  readChannel,
  // Twilio checks no address before it calls it.
  challenge: () => undefined,
  verify,
  parse,
  firstHop,
  nextHop,
  judge,
  discard,
  recent,
  probe,
  judgeProbe,
};
