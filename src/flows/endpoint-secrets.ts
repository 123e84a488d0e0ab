// What an endpoint keeps sealed: its signing secrets and its static headers. While a secret is being replaced, both sign.

import type { Millis } from '../core/ids.ts';
import { isObject, type JsonObject } from '../core/json.ts';
import type { Endpoint } from '../core/model.ts';
import type { Sealer } from '../core/sealing.ts';

/** `until`: when an old secret stops signing; null for the one in force. */
export type SigningSecret = { value: string; until: Millis | null };
export type EndpointSecrets = { secrets: SigningSecret[]; headers: Record<string, string> };

export function openEndpoint(endpoint: Endpoint, sealer: Sealer): EndpointSecrets {
  const opened = sealer.open(endpoint.sealed);
  const secrets = Array.isArray(opened['secrets']) ? opened['secrets'] : [];
  const headers = isObject(opened['headers']) ? opened['headers'] : {};
  return {
    secrets: secrets.flatMap((secret) =>
      isObject(secret)
        ? [{ value: String(secret['value']), until: typeof secret['until'] === 'number' ? secret['until'] : null }]
        : [],
    ),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  };
}

export const sealEndpoint = (secrets: EndpointSecrets, sealer: Sealer): Uint8Array =>
  sealer.seal(secrets as JsonObject);

/** The secrets that sign now, the newest first. */
export const secretsInForce = (secrets: readonly SigningSecret[], now: Millis): string[] =>
  secrets.filter(({ until }) => until === null || until > now).map(({ value }) => value);

/** A new secret in force; the former ones sign beside it for a while. */
export function rotated(
  secrets: readonly SigningSecret[],
  value: string,
  now: Millis,
  overlapMs: number,
): SigningSecret[] {
  const former = secrets
    .filter(({ until }) => until === null || until > now)
    .map((secret) => ({
      value: secret.value,
      until: Math.min(secret.until ?? Number.POSITIVE_INFINITY, now + overlapMs),
    }));
  // Two rotations in quick succession leave three secrets; more would only be noise in the header.
  return [{ value, until: null }, ...(overlapMs > 0 ? former.slice(0, 2) : [])];
}
