import type { Desk } from '../../core/desk.ts';
import type { Endpoint } from '../../core/model.ts';
import { openEndpoint } from '../endpoint-secrets.ts';
import { appOf, type DeskParts, resolve } from './parts.ts';

type EndpointDesk = Pick<
  Desk,
  'endpoints' | 'endpoint' | 'headersOf' | 'createEndpoint' | 'updateEndpoint' | 'removeEndpoint'
>;

/** More endpoints than an app has. */
const page = { limit: 200, cursor: null };

export function endpointDesk({ records, administration, sealer, clock }: DeskParts): EndpointDesk {
  /** Webhooks in the caller's own dialect: those of another are somebody else's integration. */
  const isOwn = (dialect: string) => (endpoint: Endpoint) =>
    endpoint.dialect === dialect && endpoint.transport === 'webhook';

  return {
    async endpoints(caller) {
      const { rows } = await records.listEndpoints({ reach: caller.reach, appId: appOf(caller), page });
      return rows.filter(isOwn(caller.dialect));
    },
    async endpoint(caller, name) {
      const found = await resolve(records, 'endpoint', name);
      if (found === undefined) return undefined;
      const endpoint = await records.endpoint({ reach: caller.reach, appId: appOf(caller), id: found.id });
      return endpoint && isOwn(caller.dialect)(endpoint) ? endpoint : undefined;
    },
    headersOf: (endpoint) => openEndpoint(endpoint, sealer).headers,
    async createEndpoint(caller, { events, ...order }) {
      return await administration.createEndpoint(caller.reach, appOf(caller), {
        ...order,
        dialect: caller.dialect,
        events: events ?? undefined,
      });
    },
    async updateEndpoint(caller, id, order) {
      const { secret, ...rest } = order;
      const updated = await administration.updateEndpoint(caller.reach, appOf(caller), id, rest);
      if (secret === undefined) return updated;
      return await administration.setSecret(caller.reach, appOf(caller), id, secret);
    },
    async removeEndpoint(caller, id) {
      return await records.deleteEndpoint({ reach: caller.reach, appId: appOf(caller), id, now: clock.now() });
    },
  };
}
