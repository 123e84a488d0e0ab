// What an organization sets for all its apps, and the apps and keys that it makes; for its own keys.

import { z } from 'zod';
import type { Desk } from '../../core/desk.ts';
import type { DialectCall, DialectRoute } from '../../core/dialect.ts';
import { Fault } from '../../core/faults.ts';
import type { JsonObject } from '../../core/json.ts';
import type { App, Organization } from '../../core/model.ts';
import { readBy } from '../schemas.ts';
import {
  app as appAnswer,
  appKey,
  apps as appsAnswer,
  describe,
  organization as organizationAnswer,
} from './answers.ts';
import { foreignId, ownId } from './ids.ts';

/** Days that media is kept unless the organization says otherwise (vendor's page "media access"). */
export const retentionDays = 90;

const settings = z.object({ mediaRetentionDays: z.int().min(1).max(3650) });
const name = z.string().min(1).max(200);
const newApp = z.object({ name });
const newKey = z.object({ name, appId: z.string() });

const path = '/v1/organization';
const toRead = { permission: 'read', reach: 'organization' } as const;
const toManage = { permission: 'manage', reach: 'organization' } as const;

const get: DialectRoute = {
  method: 'GET',
  path,
  needs: toRead,
  takes: 'nothing',
  describes: describe('The organization and how long it keeps media.', 200, organizationAnswer),
  answer: async ({ caller, desk }) => ({ status: 200, json: present(await desk.organization(caller)) }),
};

const update: DialectRoute = {
  method: 'PUT',
  path,
  needs: toManage,
  takes: 'json',
  describes: describe('Sets how long media is kept, for what is here already too.', 200, organizationAnswer, {
    body: settings,
  }),
  async answer({ caller, body, desk }) {
    const { mediaRetentionDays } = readBy(settings, body ?? {}, 'body');
    return { status: 200, json: present(await desk.setMediaRetentionDays(caller, mediaRetentionDays)) };
  },
};

const createApp: DialectRoute = {
  method: 'POST',
  path: `${path}/apps`,
  needs: toManage,
  takes: 'json',
  describes: describe('Makes an app.', 201, appAnswer, { body: newApp }),
  async answer({ caller, body, desk }) {
    const made = await desk.createApp(caller, readBy(newApp, body ?? {}, 'body').name);
    return { status: 201, json: presentApp(made) };
  },
};

const listApps: DialectRoute = {
  method: 'GET',
  path: `${path}/apps`,
  needs: toRead,
  takes: 'nothing',
  describes: describe('The apps of the organization, the newest 1,000.', 200, appsAnswer),
  async answer({ caller, desk }) {
    const apps = (await newestApps(caller, desk)).map(presentApp);
    return { status: 200, json: { apps, totalCount: apps.length } };
  },
};

const createKey: DialectRoute = {
  method: 'POST',
  path: `${path}/app-keys`,
  needs: toManage,
  takes: 'json',
  describes: describe('Makes a key of an app; a test key where the app is named by a test id.', 201, appKey, {
    body: newKey,
    refusals: [404],
  }),
  async answer({ caller, body, desk }) {
    const given = readBy(newKey, body ?? {}, 'body');
    const app = ownId('app', given.appId);
    if (app === undefined) throw new Fault('not_found');
    const order = { appId: app.id, name: given.name, mode: app.mode };
    const made = await desk.createKey(caller, { ...order, permissions: ['read', 'send', 'manage'] });
    if (made === undefined) throw new Fault('not_found');
    const createdAt = new Date(made.key.createdAt).toISOString();
    return {
      status: 201,
      json: {
        id: foreignId('key', made.key.id, app.mode),
        key: made.secret,
        name: made.key.name,
        appId: foreignId('app', app.id, app.mode),
        createdAt,
        updatedAt: createdAt,
      },
    };
  },
};

export const organizationRoutes: readonly DialectRoute[] = [get, update, createApp, listApps, createKey];

const pageSize = 200;
const mostPages = 5;

async function newestApps(caller: DialectCall['caller'], desk: Desk): Promise<App[]> {
  const apps: App[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < mostPages; page++) {
    const { rows, next } = await desk.apps(caller, { limit: pageSize, cursor });
    apps.push(...rows);
    if (next === null) break;
    cursor = next;
  }
  return apps;
}

const present = ({ id, name, mediaRetentionDays, createdAt }: Organization): JsonObject => ({
  id,
  name,
  mediaRetentionDays: mediaRetentionDays ?? retentionDays,
  createdAt: new Date(createdAt).toISOString(),
});

function presentApp({ id, name, createdAt }: App): JsonObject {
  const made = new Date(createdAt).toISOString();
  return { id: foreignId('app', id, 'live'), name, status: 'active', createdAt: made, updatedAt: made };
}
