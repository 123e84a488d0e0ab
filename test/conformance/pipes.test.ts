// The checks of Pipes.bot against a whole gateway over real HTTP and WebSockets, its typical clients as programs, and what only
// our own server can be tried for.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { pipesChecks } from '../../src/conformance/pipes.ts';
import { type CheckResult, runChecks, type Target } from '../../src/conformance/target.ts';
import { type Body, bytesOf, type Rig, startRig, type Tenant } from '../journeys/rig.ts';
import { injectInto } from './inject.ts';

let rig: Rig;
let tenant: Tenant;
let otherKey: string;

async function made(path: string, body: object): Promise<Body> {
  const answer = await rig.call('POST', path, body);
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

beforeAll(async () => {
  rig = await startRig();
  tenant = await rig.tenant({ dialect: 'pipes', hold_limit_seconds: 60 });
  const others = await made('/api/v1/apps', { name: 'Others', dialect: 'pipes' });
  ({ key: otherKey } = await made(`/api/v1/apps/${others.id}/keys`, {}));
});

afterAll(async () => {
  await rig?.close();
});

async function results(target: Target): Promise<CheckResult[]> {
  const all: CheckResult[] = [];
  for await (const result of runChecks(pipesChecks, target)) all.push(result);
  return all;
}

/** The endpoint where the clients of an app connect. */
async function socketOf({ appId }: Pick<Tenant, 'appId'>): Promise<Body> {
  const { data } = (await rig.call('GET', `/api/v1/apps/${appId}/endpoints`)).body;
  return data.find(({ transport }: Body) => transport === 'socket');
}

test('every check of Pipes.bot passes', async () => {
  const own = await rig.tenant({ dialect: 'pipes' });
  const socket = await socketOf(own);
  await rig.call('PATCH', `/api/v1/apps/${own.appId}/endpoints/${socket.id}`, { settings: { parallel: true } });
  const inject = injectInto(rig, own);
  await inject({ type: 'image/jpeg', body: bytesOf('a photo') });
  const { json } = await own.receiver.next(() => true);
  const { receiver } = own;
  const found = await results({
    url: rig.gateway.url,
    key: own.key,
    media: (json as Body).pipes.media.mediaId,
    otherKey,
    inject,
    receiver: { url: receiver.url, next: (fits) => receiver.next(fits) },
    secret: own.secret,
    advance: (ms) => rig.clock.advance(ms),
  });
  expect(found.filter(({ is }) => is !== 'passed')).toEqual([]);
  expect(found).toHaveLength(pipesChecks.length);
}, 120_000);
