// What an administrator tells about a webhook at Google: that of one agent, or that of a partner with all its agents.

import { z } from 'zod';
import type { Account, Configured } from '../../core/carrier.ts';
import type { JsonObject } from '../../core/json.ts';
import { foreignId } from '../../core/text.ts';
import { listOf, textOf } from '../json-reading.ts';
import { oneOrTwo, present, readSettings, valuesOf } from '../settings-reading.ts';

const defaults = {
  api_url: 'https://rcsbusinessmessaging.googleapis.com',
  // The documentation shows storage.googleapis.com, captured webhooks a host for each region.
  media_hosts: ['*.googleapis.com'],
};

const origin = z.string().transform((given, context) => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  context.addIssue('must be an http or https URL without path, query or credentials');
  return z.NEVER;
});

const mediaHost = z.string().transform((given, context) => {
  const [, wildcard = '', host] = /^(\*\.)?((?:\[[0-9a-f:.]+\]|[^\s:/?#@\\[\]*]+)(?::\d{1,5})?)$/i.exec(given) ?? [];
  if (host !== undefined && URL.canParse(`https://${host}`)) {
    const port = /:\d+$/.exec(host.replace(/^\[.*\]/, ''))?.[0] ?? '';
    return wildcard + new URL(`https://${host}`).hostname + port;
  }
  context.addIssue('must be a host, host:port or *.domain');
  return z.NEVER;
});

const connection = z.strictObject({
  client_token: oneOrTwo(/\S/, 'a text that is not blank'),
  agent_id: z
    .string()
    .refine((given) => foreignId(given) !== undefined, 'must be the id of an agent, such as my-agent@rbm.goog')
    .optional(),
  api_url: origin.optional(),
  media_hosts: z.array(mediaHost).min(1, 'must name a host').max(50, 'must not have more than 50 entries').optional(),
});

/** Reads `client_token` and, if given, `agent_id`, `api_url` and `media_hosts`. @throws Fault invalid_request */
export function readConnection(given: Readonly<Record<string, unknown>>, before?: Account): Configured {
  const { client_token, ...shown } = readSettings(before ? connection.partial() : connection, given);
  return {
    settings: { ...defaults, ...before?.settings, ...present(shown) },
    secrets: { ...before?.secrets, ...present({ client_token }) },
  };
}

/** An agent has no secret of its own. @throws Fault invalid_request */
export function readChannel(given: Readonly<Record<string, unknown>>, before?: JsonObject): { secrets: JsonObject } {
  readSettings(z.strictObject({}), given);
  return { secrets: { ...before } };
}

/** The client tokens that may sign, the newer first. */
export const clientTokensOf = ({ secrets }: Account): string[] => valuesOf(secrets, 'client_token');

/** The agent that is meant where an event names none. */
export const agentOf = ({ settings }: Account): string | undefined => foreignId(settings['agent_id']);

export const apiOf = ({ settings }: Account): string => textOf(settings['api_url'], 2048) ?? defaults.api_url;

/** Whether files are fetched from there. An entry without a port means the scheme's own; `*.` stands for anything before it. */
export function isMediaHost({ host }: URL, { settings }: Account): boolean {
  const allowed = listOf(settings['media_hosts']).filter((entry) => typeof entry === 'string');
  return allowed.some((entry) => host === entry || (entry.startsWith('*.') && host.endsWith(entry.slice(1))));
}
