// Ids in the carrier's own forms. They are random, because a gateway that is started again must not take a new message for
// an old one.

import { randomBytes } from 'node:crypto';

/** 16 digits, as media ids are. */
export const newMediaId = (): string =>
  String((randomBytes(8).readBigUInt64BE() % 9_000_000_000_000_000n) + 10n ** 15n);

/** `wamid.` and base64, which may hold `/`, `+` and `=`. */
export const newMessageId = (): string => `wamid.${randomBytes(38).toString('base64')}`;

/** What Meta asks for when one reports an error to it. */
export const newTraceId = (): string => `A${randomBytes(17).toString('base64url')}`;
