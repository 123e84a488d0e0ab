// An application's webhooks: endpoints of this dialect.

import { z } from 'zod';
import type { Desk, EndpointOrder } from '../../core/desk.ts';
import type { DialectCall, DialectRoute } from '../../core/dialect.ts';
import { Fault } from '../../core/faults.ts';
import type { Id } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Endpoint, Mode } from '../../core/model.ts';
import { readBy } from '../schemas.ts';
import { describe, newWebhook, webhook, webhooks } from './answers.ts';
import { foreignId, ownId } from './ids.ts';
import { currentEvents, eventsBehind, settingsOf, vendorEvents } from './settings.ts';

const order = z.object({
  url: z.url().max(2048),
  events: z.array(z.enum(vendorEvents)).min(1).max(100),
  headers: z.record(z.string(), z.string()).optional(),
});
const change = order.partial();

const path = '/v1/webhooks';
const onePath = `${path}/:webhookId`;
const needs = { permission: 'manage', reach: 'app' } as const;

const create: DialectRoute = {
  method: 'POST',
  path,
  needs,
  takes: 'json',
  describes: describe('Makes a webhook.', 201, newWebhook, { body: order }),
  async answer({ caller, body, desk }) {
    const given = readBy(order, body ?? {}, 'body');
    const made = await desk.createEndpoint(caller, { ...orderOf(given), url: given.url });
    return { status: 201, json: { ...present(made.endpoint, desk, caller.mode), signingSecret: made.secret } };
  },
};

const list: DialectRoute = {
  method: 'GET',
  path,
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: describe('The webhooks of the app.', 200, webhooks),
  async answer({ caller, desk }) {
    const found = (await desk.endpoints(caller)).map((endpoint) => present(endpoint, desk, caller.mode));
    return { status: 200, json: { webhooks: found, totalCount: found.length } };
  },
};

const get: DialectRoute = {
  method: 'GET',
  path: onePath,
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: describe('One webhook.', 200, webhook, { refusals: [404] }),
  async answer({ caller, params, desk }) {
    const endpoint = await desk.endpoint(caller, endpointId(params));
    return answerWith(endpoint, desk, caller.mode);
  },
};

const update: DialectRoute = {
  method: 'PUT',
  path: onePath,
  needs,
  takes: 'json',
  describes: describe('Changes what is named.', 200, webhook, { body: change, refusals: [404] }),
  async answer({ caller, params, body, now, desk }) {
    const before = await desk.endpoint(caller, endpointId(params));
    if (before === undefined) throw new Fault('not_found');
    const wanted = orderOf(readBy(change, body ?? {}, 'body'));
    const settings = { ...wanted.settings, updatedAt: new Date(now).toISOString() };
    const changed = await desk.updateEndpoint(caller, before.id, { ...wanted, settings });
    return answerWith(changed, desk, caller.mode);
  },
};

const remove: DialectRoute = {
  method: 'DELETE',
  path: onePath,
  needs,
  takes: 'nothing',
  describes: describe('Removes a webhook.', 204, null, { refusals: [404] }),
  async answer({ caller, params, desk }) {
    const endpoint = await desk.endpoint(caller, endpointId(params));
    if (endpoint === undefined || !(await desk.removeEndpoint(caller, endpoint.id))) throw new Fault('not_found');
    return { status: 204, empty: true };
  },
};

export const webhookRoutes: readonly DialectRoute[] = [create, list, get, update, remove];

/** The vendor's names stay in the settings; ours follow from them. */
const orderOf = ({ url, events, headers }: z.output<typeof change>): EndpointOrder => ({
  ...(url !== undefined && { url }),
  ...(headers !== undefined && { headers }),
  ...(events !== undefined && { events: eventsBehind(events), settings: { events } }),
});

function endpointId({ webhookId = '' }: DialectCall['params']): Id<'endpoint'> {
  const named = ownId('endpoint', webhookId);
  if (named === undefined) throw new Fault('not_found');
  return named.id;
}

function answerWith(endpoint: Endpoint | undefined, desk: Desk, mode: Mode) {
  if (endpoint === undefined) throw new Fault('not_found');
  return { status: 200, json: present(endpoint, desk, mode) };
}

function present(endpoint: Endpoint, desk: Desk, mode: Mode): JsonObject {
  const { events, updatedAt } = settingsOf(endpoint.settings);
  const createdAt = new Date(endpoint.createdAt).toISOString();
  return {
    id: foreignId('endpoint', endpoint.id, mode),
    appId: foreignId('app', endpoint.appId, mode),
    url: endpoint.url,
    events: [...(events ?? currentEvents)],
    headers: desk.headersOf(endpoint),
    createdAt,
    updatedAt: updatedAt ?? createdAt,
  };
}
