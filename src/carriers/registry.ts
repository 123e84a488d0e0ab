import type { Carriers } from '../core/carrier.ts';
import { rcs } from './rcs/index.ts';
import { twilio } from './twilio/index.ts';
import { whatsappCloud } from './whatsapp-cloud/index.ts';

/** Every carrier that connections may name. */
export const carriers: Carriers = new Map([whatsappCloud, rcs, twilio].map((carrier) => [carrier.name, carrier]));
