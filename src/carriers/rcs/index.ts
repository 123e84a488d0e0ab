// RCS Business Messaging of Google (RCS for Business). A channel is an agent. What an operator should know is in
// docs/carriers/rcs.md.

import type { Carrier } from '../../core/carrier.ts';
import { challenge } from './challenge.ts';
import { firstHop, judge, judgeProbe, nextHop, probe } from './fetch.ts';
import { parse } from './parse.ts';
import { readChannel, readConnection } from './settings.ts';
import { signatureHeader, verify } from './signature.ts';

export const rcs: Carrier = {
  name: 'rcs',
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
  probe,
  judgeProbe,
  // A user's file cannot be deleted at Google, and no list tells of messages.
  discard: () => null,
  recent: null,
};
