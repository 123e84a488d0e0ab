// The account's one callback for everything. Three pages of the vendor name three addresses and two names for its URL; all are
// taken at all of them. A new URL takes the place of the old one in the same endpoint, so that what waits to be told is told.

import { z } from 'zod';
import type { Desk } from '../../core/desk.ts';
import type { DialectAnswer, DialectCall, DialectRoute } from '../../core/dialect.ts';
import { Fault, invalid } from '../../core/faults.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Endpoint } from '../../core/model.ts';
import { jsonSchema, readBy } from '../schemas.ts';
import { wholeSeconds } from '../whole-seconds.ts';
import { describe, webhook as shape } from './answers.ts';
import { lastDigits } from './ids.ts';
import { webhookPaths } from './paths.ts';

const url = z.string().max(2048);
const order = z.object({ callbackUrl: url.optional(), url: url.optional(), method: z.literal('POST').optional() });

const manage = { permission: 'manage', reach: 'app' } as const;
const takes = jsonSchema(order);

const routesAt = (path: string): DialectRoute[] => [
  {
    method: 'POST',
    path,
    needs: manage,
    takes: 'json',
    describes: describe(
      'Sets the callback, in place of any former one.',
      { status: 201, body: shape },
      { takes, fails: [400] },
    ),
    async answer(call) {
      const [first, ...others] = await call.desk.endpoints(call.caller);
      if (first === undefined) {
        const made = await call.desk.createEndpoint(call.caller, { url: urlOf(call) });
        return presented(201, made.endpoint);
      }
      const answer = await moved(201, first, call);
      for (const { id } of others) await call.desk.removeEndpoint(call.caller, id);
      return answer;
    },
  },
  {
    method: 'GET',
    path,
    needs: { permission: 'read', reach: 'app' },
    takes: 'nothing',
    describes: describe('The callback.', { status: 200, body: shape }, { fails: [404] }),
    answer: async ({ caller, desk }) => presented(200, await current(desk, caller)),
  },
  {
    method: 'PUT',
    path,
    needs: manage,
    takes: 'json',
    describes: describe('Changes the URL of the callback.', { status: 200, body: shape }, { takes, fails: [400, 404] }),
    answer: async (call) => await moved(200, await current(call.desk, call.caller), call),
  },
  {
    method: 'DELETE',
    path,
    needs: manage,
    takes: 'nothing',
    describes: describe('Ends the callback.', { status: 204, body: null }, { fails: [404] }),
    async answer({ caller, desk }) {
      await current(desk, caller);
      for (const { id } of await desk.endpoints(caller)) await desk.removeEndpoint(caller, id);
      return { status: 204, empty: true };
    },
  },
];

export const webhookRoutes: readonly DialectRoute[] = webhookPaths.flatMap(routesAt);

const absent = () => new Fault('not_found', { detail: 'No webhook is registered' });

async function current(desk: Desk, caller: DialectCall['caller']): Promise<Endpoint> {
  const [endpoint] = await desk.endpoints(caller);
  if (endpoint === undefined) throw absent();
  return endpoint;
}

async function moved(status: number, { id }: Endpoint, call: DialectCall): Promise<DialectAnswer> {
  const endpoint = await call.desk.updateEndpoint(call.caller, id, { url: urlOf(call), state: 'active' });
  if (endpoint === undefined) throw absent();
  return presented(status, endpoint);
}

function urlOf({ body }: DialectCall): string {
  const { callbackUrl, url: older } = readBy(order, body ?? {}, 'body');
  const given = callbackUrl ?? older;
  if (given === undefined) throw invalid('callbackUrl', 'is missing');
  return given;
}

function presented(status: number, endpoint: Endpoint): DialectAnswer {
  const json: JsonObject = {
    id: `wh-${lastDigits(endpoint.id, 8)}`,
    callbackUrl: endpoint.url,
    status: endpoint.state === 'active' ? 'ACTIVE' : 'PAUSED',
    createdAt: wholeSeconds(endpoint.createdAt),
  };
  return { status, json };
}
