// The parameters of a request: a form as Twilio posts messages, or a JSON object under the same names. Names are a stranger's
// choice and may repeat, so they are kept in a Map of lists, all of them: the signature covers what we do not know, too.

import type { IntakeRequest } from '../../core/carrier.ts';
import { isObject } from '../../core/json.ts';

export type Parameters = ReadonlyMap<string, readonly string[]>;

/** Every parameter of a form, decoded as UTF-8, in the order in which each name first came. */
export function formParameters(body: Uint8Array): Parameters {
  const found = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(body))) {
    const values = found.get(name);
    if (values === undefined) found.set(name, [value]);
    else values.push(value);
  }
  return found;
}

/** What a request tells; undefined: its body is neither a form nor a JSON object. */
export function parametersOf({ headers, body }: Pick<IntakeRequest, 'headers' | 'body'>): Parameters | undefined {
  if (!isJson(headers)) return formParameters(body);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const plain = Object.entries(json).filter(([, value]) => typeof value === 'string' || Number.isFinite(value));
  return new Map(plain.map(([name, value]) => [name, [String(value)]]));
}

/** The first value under a name; undefined when there is none or it is empty. */
export const firstOf = (parameters: Parameters, name: string): string | undefined =>
  parameters.get(name)?.[0] || undefined;

const isJson = (headers: IntakeRequest['headers']): boolean =>
  /^application\/([a-z0-9.-]+\+)?json\b/i.test(headers['content-type'] ?? '');
