// Settings of an endpoint that speaks pipes; docs/dialects/pipes.md lists them.

import type { JsonObject } from '../../core/json.ts';
import { flag, oneOf, settingsReader } from '../endpoint-settings.ts';

export const readSettings = settingsReader({ schedule: oneOf('pool', 'byon'), parallel: flag, resend: flag });

export type Settings = {
  /** The vendor's schedule of tries for webhooks of its shared numbers, or that for a customer's own number. */
  schedule: 'pool' | 'byon';
  /** Whether a message that went out without its file is sent again once the file is here. */
  resend: boolean;
};

export const settingsOf = ({ schedule, resend }: JsonObject): Settings => ({
  schedule: schedule === 'byon' ? 'byon' : 'pool',
  resend: resend !== false,
});
