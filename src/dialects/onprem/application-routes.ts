import { z } from 'zod';
import type { DialectCall, DialectRoute } from '../../core/dialect.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Endpoint } from '../../core/model.ts';
import { bare, describe } from './answers.ts';
import { laidOver, ourKinds, readChange, settings, shown, waitsIn } from './application.ts';
import { meta } from './refuse.ts';

const path = '/v1/settings/application';
const needs = { permission: 'manage', reach: 'app' } as const;
const kind = 'settings';
const name = 'application';

const answer = bare.extend({ settings: z.object({ application: z.looseObject({}) }) });

const keptOf = async ({ caller, desk }: DialectCall): Promise<JsonObject> =>
  (await desk.document(caller, kind, name))?.value ?? {};

/** The one address of `webhooks.url`; where the operator made several, the oldest. */
const endpointOf = async ({ caller, desk }: DialectCall): Promise<Endpoint | undefined> =>
  (await desk.endpoints(caller)).at(-1);

async function current(call: DialectCall) {
  const [kept, app, endpoint] = await Promise.all([keptOf(call), call.desk.app(call.caller), endpointOf(call)]);
  return { status: 200, json: { settings: { application: shown(kept, app, endpoint) }, meta } };
}

const get: DialectRoute = {
  method: 'GET',
  path,
  needs,
  takes: 'nothing',
  describes: describe('The settings of the application.', { status: 200, body: answer }),
  answer: current,
};

const change: DialectRoute = {
  method: 'PATCH',
  path,
  needs,
  takes: 'json',
  describes: describe('Changes the settings that are named.', { status: 200, body: answer }, { body: settings }),
  async answer(call) {
    const { caller, desk, body } = call;
    const { kept: given, kinds, url } = readChange(body);
    const kept = laidOver(await keptOf(call), given);
    // First what may be refused, so that then nothing has changed.
    await pointTo(call, url, kept, waitsIn(given));
    if (kinds !== undefined) await desk.setAutoDownload(caller, ourKinds(kinds));
    await desk.putDocument(caller, kind, name, kept, 'put');
    return await current(call);
  },
};

/** @param changed the waits that were named now; an endpoint that is new gets all that were ever named */
async function pointTo(
  call: DialectCall,
  url: string | null | undefined,
  kept: JsonObject,
  changed: JsonObject,
): Promise<void> {
  const { caller, desk } = call;
  const endpoint = await endpointOf(call);
  if (url === null) {
    if (endpoint !== undefined) await desk.removeEndpoint(caller, endpoint.id);
  } else if (endpoint !== undefined) {
    // Who names an address wants to hear, also where the one before had been given up.
    const moved = url !== undefined && { url, state: 'active' as const };
    await desk.updateEndpoint(caller, endpoint.id, { ...moved, settings: changed });
  } else if (url !== undefined) {
    await desk.createEndpoint(caller, { url, settings: waitsIn(kept) });
  }
}

const reset: DialectRoute = {
  method: 'DELETE',
  path,
  needs,
  takes: 'nothing',
  describes: describe('Puts all settings back; callbacks are sent nowhere then.', { status: 200, body: bare }),
  async answer(call) {
    const { caller, desk } = call;
    await pointTo(call, null, {}, {});
    await desk.setAutoDownload(caller, null);
    await desk.removeDocument(caller, kind, name);
    return { status: 200, json: { meta } };
  },
};

export const applicationRoutes: readonly DialectRoute[] = [get, change, reset];
