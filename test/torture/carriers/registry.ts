import { openRcs } from './rcs.ts';
import type { OpenTortureCarrier } from './torture-carrier.ts';
import { openTwilio } from './twilio.ts';
import { openWhatsApp } from './whatsapp.ts';

export const carriers = {
  whatsapp: openWhatsApp,
  rcs: openRcs,
  twilio: openTwilio,
} as const satisfies Record<string, OpenTortureCarrier>;

export type CarrierName = keyof typeof carriers;
