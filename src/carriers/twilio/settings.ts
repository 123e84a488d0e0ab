// What an administrator tells about an account at Twilio. Webhooks are signed with the auth token of the account that owns
// the number, so a sub-account is a connection of its own.

import { z } from 'zod';
import type { Account, Configured } from '../../core/carrier.ts';
import { invalid } from '../../core/faults.ts';
import type { JsonObject } from '../../core/json.ts';
import { textOf } from '../json-reading.ts';
import { oneOrTwo, present, readSettings, valuesOf } from '../settings-reading.ts';

const mostHours = 30 * 24;

const defaults = {
  api_url: 'https://api.twilio.com',
  channel_by: 'number',
  delete_after_capture: false,
  reconcile_hours: 24,
};

const origin = z.string().transform((given, context) => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  context.addIssue('must be an http or https URL without path, query or credentials');
  return z.NEVER;
});

const connection = z.strictObject({
  account_sid: z
    .string({ error: (issue) => (issue.input === undefined ? 'is required' : 'must be a text') })
    .regex(/^AC[0-9a-f]{32}$/, 'must be AC and 32 hexadecimal digits'),
  auth_token: oneOrTwo(/^[\x21-\x7e]+$/, 'a text of visible ASCII characters without spaces'),
  api_key_sid: z
    .string()
    .regex(/^SK[0-9a-f]{32}$/, 'must be SK and 32 hexadecimal digits')
    .optional(),
  api_key_secret: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, 'must be a text of visible ASCII characters without spaces')
    .optional(),
  api_url: origin.optional(),
  channel_by: z.enum(['number', 'messaging_service']).optional(),
  delete_after_capture: z.boolean().optional(),
  reconcile_hours: z.int().min(0).max(mostHours).optional(),
});

/** Reads `account_sid`, `auth_token` and what else docs/carriers/twilio.md names. @throws Fault invalid_request */
export function readConnection(given: Readonly<Record<string, unknown>>, before?: Account): Configured {
  const { auth_token, api_key_secret, ...shown } = readSettings(before ? connection.partial() : connection, given);
  const settings: JsonObject = { ...defaults, ...before?.settings, ...present(shown) };
  const secrets: JsonObject = { ...before?.secrets, ...present({ auth_token, api_key_secret }) };
  if ((settings['api_key_sid'] === undefined) !== (secrets['api_key_secret'] === undefined)) {
    throw invalid('body.api_key_secret', 'goes together with api_key_sid');
  }
  return { settings, secrets };
}

/** A channel has nothing of its own: everything belongs to the account. @throws Fault invalid_request */
export function readChannel(given: Readonly<Record<string, unknown>>, before?: JsonObject): { secrets: JsonObject } {
  readSettings(z.strictObject({}), given);
  return { secrets: { ...before } };
}

/** The auth tokens that may sign, the newer first. */
export const authTokensOf = ({ secrets }: Account): string[] => valuesOf(secrets, 'auth_token');

/** How messages find their channel. */
export const channelByService = ({ settings }: Account): boolean => settings['channel_by'] === 'messaging_service';

/** Whether Twilio is to delete its own copy of a file. */
export const deletesCopies = ({ settings }: Account): boolean => settings['delete_after_capture'] === true;

/** How far back the first look for missed messages goes, in hours; 0: there is none. */
export function reconcileHours({ settings }: Account): number {
  const hours = settings['reconcile_hours'];
  return typeof hours === 'number' ? hours : defaults.reconcile_hours;
}

/** The address of everything that belongs to the account, without a trailing slash. */
export const accountUrl = ({ settings }: Account): string =>
  `${textOf(settings['api_url'], 2048) ?? defaults.api_url}/2010-04-01/Accounts/${textOf(settings['account_sid'], 64)}`;

/** What shows the account to its own API: the key if there is one, else the newest auth token; undefined: there is neither. */
export function authorization(account: Account): string | undefined {
  const key = textOf(account.settings['api_key_sid'], 64);
  const user = key ?? textOf(account.settings['account_sid'], 64);
  const password = key === null ? authTokensOf(account)[0] : textOf(account.secrets['api_key_secret'], 256);
  if (user === null || typeof password !== 'string') return undefined;
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
