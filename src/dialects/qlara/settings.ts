// Settings of an endpoint that speaks qlara; docs/dialects/qlara.md lists them.

import type { JsonObject } from '../../core/json.ts';
import { flag, oneOf, settingsReader } from '../endpoint-settings.ts';

export const readSettings = settingsReader({ form: oneOf('nested', 'flat'), extras: flag, resend: flag });

export type Settings = {
  /** The vendor's two forms of an inbound message. */
  form: 'nested' | 'flat';
  /** Whether members follow that the vendor does not have. */
  extras: boolean;
  /** Whether a message that went out without its file is sent again once the file is here. */
  resend: boolean;
};

export const settingsOf = (given: JsonObject): Settings => ({
  form: given['form'] === 'flat' ? 'flat' : 'nested',
  extras: given['extras'] === true,
  resend: given['resend'] !== false,
});
