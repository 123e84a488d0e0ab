// What an administrator tells about an account at Meta, and how it is read back. The names of the members are those of
// the API; what is not secret is stored as it may be shown.

import { z } from 'zod';
import type { Account, Configured } from '../../core/carrier.ts';
import type { JsonObject } from '../../core/json.ts';
import { listOf, textOf } from '../json-reading.ts';
import { oneOrTwo, present, readSettings, valuesOf } from '../settings-reading.ts';

const defaults = { graph_url: 'https://graph.facebook.com', graph_version: 'v24.0', media_hosts: [] };

/** Where links of the live service point. Its other host, that of the look-up, is the origin of `graph_url`. */
const linkOrigin = 'https://lookaside.fbsbx.com';

const graphUrl = z.string().transform((given, context) => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const plain = url && /^https?:$/.test(url.protocol) && !(url.username || url.password || url.search || url.hash);
  const path = url?.pathname.replace(/\/+$/, '') ?? '';
  if (plain && !/\/v\d+\.\d+$/.test(path)) return url.origin + path;
  context.addIssue('must be an http or https URL without a version, query or credentials');
  return z.NEVER;
});

const mediaHost = z.string().transform((given, context) => {
  const plain = /^(\[[0-9a-f:.]+\]|[^\s:/?#@\\[\]]+)(:\d{1,5})?$/i.exec(given);
  if (plain && URL.canParse(`https://${given}`)) return new URL(`https://${given}`).hostname + (plain[2] ?? '');
  context.addIssue('must be a host or host:port');
  return z.NEVER;
});

const connection = z.strictObject({
  app_secret: oneOrTwo(/^\S+$/, 'a text without spaces'),
  verify_token: oneOrTwo(/\S/, 'a text that is not blank'),
  graph_url: graphUrl.optional(),
  graph_version: z
    .string()
    .regex(/^v\d+\.\d+$/, 'must look like v24.0')
    .optional(),
  media_hosts: z.array(mediaHost).max(50, 'must not have more than 50 entries').optional(),
});

const channel = z.strictObject({
  // It becomes a header, so only what a header carries.
  access_token: z
    .string({ error: (issue) => (issue.input === undefined ? 'is required' : 'must be a text') })
    .max(4096, 'is too long')
    .regex(/^[\x21-\x7e]+$/, 'must be a text of visible ASCII characters without spaces'),
});

/** Reads `app_secret`, `verify_token` and, if given, `graph_url`, `graph_version` and `media_hosts`. @throws Fault invalid_request */
export function readConnection(given: Readonly<Record<string, unknown>>, before?: Account): Configured {
  const { app_secret, verify_token, ...shown } = readSettings(before ? connection.partial() : connection, given);
  return {
    settings: { ...defaults, ...before?.settings, ...present(shown) },
    secrets: { ...before?.secrets, ...present({ app_secret, verify_token }) },
  };
}

/** Reads `access_token`. @throws Fault invalid_request */
export function readChannel(given: Readonly<Record<string, unknown>>, before?: JsonObject): { secrets: JsonObject } {
  return { secrets: { ...before, ...present(readSettings(before ? channel.partial() : channel, given)) } };
}

/** The values of a secret of the connection; none when it was never set. */
export const secretsOf = (account: Account, name: 'app_secret' | 'verify_token'): string[] =>
  valuesOf(account.secrets, name);

/** Where look-ups go: the address up to and including the version. */
export function graphOf(account: Account): string {
  const url = textOf(account.settings['graph_url'], 2048) ?? defaults.graph_url;
  return `${url}/${textOf(account.settings['graph_version'], 64) ?? defaults.graph_version}`;
}

/** The origins that may see an access token. A media host without a port means the default port of either scheme. */
export function tokenOrigins(account: Account): ReadonlySet<string> {
  const hosts = listOf(account.settings['media_hosts']).filter((host) => typeof host === 'string');
  const given = [graphOf(account), ...hosts.flatMap((host) => [`https://${host}`, `http://${host}`])];
  return new Set([linkOrigin, ...given.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin)]);
}
