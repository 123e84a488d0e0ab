import type { Carriers } from '../core/carrier.ts';
import { whatsappCloud } from './whatsapp-cloud/index.ts';

/** Every carrier that connections may name. */
export const carriers: Carriers = new Map([[whatsappCloud.name, whatsappCloud]]);
