// Setting up where applications hear: addresses, headers and settings are checked, secrets minted and sealed.

import type { Dialect } from '../core/dialect.ts';
import { Fault, invalid } from '../core/faults.ts';
import type { Clock } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { newWebhookSecret } from '../core/keys.ts';
import type { Endpoint, EventType, Reach } from '../core/model.ts';
import type { Records } from '../core/records.ts';
import type { Requester } from '../core/requester.ts';
import type { Sealer } from '../core/sealing.ts';
import { headerObjection, secretObjection } from '../core/transport.ts';
import { openEndpoint, rotated, sealEndpoint } from './endpoint-secrets.ts';

export type NewEndpoint = {
  url: string;
  dialect?: string | undefined;
  headers?: Record<string, string> | undefined;
  events?: EventType[] | undefined;
  secret?: string | undefined;
  /** The dialect's own. */
  settings?: JsonObject | undefined;
};

export type EndpointChange = {
  url?: string | undefined;
  dialect?: string | undefined;
  headers?: Record<string, string> | undefined;
  /** null: all events again. */
  events?: EventType[] | null | undefined;
  settings?: JsonObject | undefined;
  state?: 'active' | 'paused' | undefined;
};

export type EndpointAdministration = {
  createEndpoint(reach: Reach, appId: string, given: NewEndpoint): Promise<{ endpoint: Endpoint; secret: string }>;
  updateEndpoint(reach: Reach, appId: string, id: string, given: EndpointChange): Promise<Endpoint>;
  /** A new signing secret; the former one signs beside it for `overlapSeconds`. */
  rotateSecret(
    reach: Reach,
    appId: string,
    id: string,
    overlapSeconds: number,
  ): Promise<{ endpoint: Endpoint; secret: string }>;
  /** A signing secret of the caller's choice, in place of all there were. */
  setSecret(reach: Reach, appId: string, id: string, secret: string): Promise<Endpoint>;
};

export type EndpointAdministrationParts = {
  records: Pick<Records, 'app' | 'endpoint' | 'createEndpoint' | 'updateEndpoint'>;
  /** @throws Fault invalid_request naming body.dialect */
  dialectOf(name: string): Dialect;
  sealer: Sealer;
  requester: Pick<Requester, 'objection'>;
  clock: Clock;
  onWork(): void;
};

export function endpointAdministration(parts: EndpointAdministrationParts): EndpointAdministration {
  const { records, dialectOf, sealer, clock } = parts;

  const checkUrl = (url: string): void => {
    const objection = parts.requester.objection(url);
    if (objection !== undefined) throw invalid('body.url', objection);
  };

  return {
    async createEndpoint(reach, appId, given) {
      const app = found(await records.app({ reach, id: appId }));
      checkUrl(given.url);
      checkHeaders(given.headers ?? {});
      const secret = given.secret ?? newWebhookSecret();
      checkSecret(secret);
      const dialect = dialectOf(given.dialect ?? app.dialect);
      const endpoint = await records.createEndpoint({
        now: clock.now(),
        reach,
        appId: app.id,
        url: given.url,
        transport: 'webhook',
        dialect: dialect.name,
        settings: dialect.readSettings(given.settings ?? {}, {}),
        events: given.events ?? null,
        sealed: sealEndpoint({ secrets: [{ value: secret, until: null }], headers: given.headers ?? {} }, sealer),
      });
      return { endpoint: found(endpoint), secret };
    },

    async updateEndpoint(reach, appId, id, { headers, settings, ...given }) {
      const endpoint = found(await records.endpoint({ reach, appId, id }));
      if (endpoint.transport === 'socket') checkSocket(given);
      if (given.url !== undefined) checkUrl(given.url);
      const dialect = dialectOf(given.dialect ?? endpoint.dialect);
      checkHeaders(headers ?? {});
      // Settings of one dialect mean nothing in another.
      const before = dialect.name === endpoint.dialect ? endpoint.settings : {};
      const updated = await records.updateEndpoint({
        reach,
        appId,
        id,
        now: clock.now(),
        set: {
          ...(given.url !== undefined && { url: given.url }),
          ...(given.dialect !== undefined && { dialect: given.dialect }),
          ...((settings !== undefined || given.dialect !== undefined) && {
            settings: dialect.readSettings(settings ?? {}, before),
          }),
          ...(given.events !== undefined && { events: given.events }),
          ...(given.state !== undefined && { state: given.state }),
          ...(headers !== undefined && {
            sealed: sealEndpoint({ ...openEndpoint(endpoint, sealer), headers }, sealer),
          }),
        },
      });
      parts.onWork();
      return found(updated);
    },

    async rotateSecret(reach, appId, id, overlapSeconds) {
      const endpoint = found(await records.endpoint({ reach, appId, id }));
      const now = clock.now();
      const { secrets, headers } = openEndpoint(endpoint, sealer);
      const secret = newWebhookSecret();
      const sealed = sealEndpoint({ secrets: rotated(secrets, secret, now, overlapSeconds * 1000), headers }, sealer);
      const updated = await records.updateEndpoint({ reach, appId, id, now, set: { sealed } });
      return { endpoint: found(updated), secret };
    },

    async setSecret(reach, appId, id, secret) {
      checkSecret(secret);
      const endpoint = found(await records.endpoint({ reach, appId, id }));
      const { headers } = openEndpoint(endpoint, sealer);
      const sealed = sealEndpoint({ secrets: [{ value: secret, until: null }], headers }, sealer);
      return found(await records.updateEndpoint({ reach, appId, id, now: clock.now(), set: { sealed } }));
    },
  };
}

/** An app has one socket for each dialect, and clients come to it. */
function checkSocket(given: EndpointChange): void {
  for (const name of ['url', 'dialect'] as const)
    if (given[name] !== undefined) throw invalid(`body.${name}`, 'cannot be changed: the endpoint is a socket');
}

function checkHeaders(headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) {
    const objection = headerObjection(name, value);
    if (objection !== undefined) throw invalid(`body.headers.${name}`, objection);
  }
}

function checkSecret(secret: string): void {
  const objection = secretObjection(secret);
  if (objection !== undefined) throw invalid('body.secret', objection);
}

function found<Thing>(thing: Thing | undefined): Thing {
  if (thing === undefined) throw new Fault('not_found');
  return thing;
}
