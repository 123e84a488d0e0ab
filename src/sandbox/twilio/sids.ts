// Ids in Twilio's form: two letters for what it is, and 32 hexadecimal digits. Random, because a gateway that is started again
// must not take a new message for an old one.

import { randomBytes } from 'node:crypto';

export type SidKind = 'AC' | 'SM' | 'MM' | 'ME' | 'MG';

export const newSid = (kind: SidKind): string => kind + randomBytes(16).toString('hex');
