// docs/adding-a-dialect.md, followed: its blocks become the files that they are, are checked by the compiler, and the dialect is
// served by a whole gateway and held by its own checks.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Check, type CheckResult, runChecks } from '../../src/conformance/target.ts';
import type { Dialect } from '../../src/core/dialect.ts';
import { dialects as registered } from '../../src/dialects/registry.ts';
import { injectInto } from '../conformance/inject.ts';
import { attempted, type Body, fixture, newestDelivery, type Rig, startRig, type Tenant } from '../journeys/rig.ts';
import { snippetsIn } from './snippets.ts';

const page = await readFile('docs/adding-a-dialect.md', 'utf8');
const snippets = snippetsIn(page);
/** Where a block would stand. */
const homeOf = (name: string) => (name === 'checks.ts' ? 'src/conformance' : 'src/dialects/parrot');

/** A block with its imports leading to the same files from another folder. */
function moved(text: string, name: string, folder: string): string {
  return text.replaceAll(/(?<=from ')\.[^']+/g, (target) => {
    const place = resolve(homeOf(name), target);
    return snippets.has(basename(place)) && place.startsWith(resolve('src/dialects/parrot'))
      ? target
      : relative(folder, place);
  });
}

let folder: string;
let rig: Rig;
let tenant: Tenant;
let parrot: Dialect;
let checks: readonly Check[];

beforeAll(async () => {
  // Inside of the clone, so that its code is the very code that the gateway runs; hidden from whatever reads the tests.
  folder = await mkdtemp(resolve('test/docs/.adding-a-dialect-'));
  for (const [name, text] of snippets) await writeFile(join(folder, name), moved(text, name, folder));
  parrot = ((await import(join(folder, 'index.ts'))) as { parrot: Dialect }).parrot;
  checks = ((await import(join(folder, 'checks.ts'))) as { parrotChecks: readonly Check[] }).parrotChecks;
  rig = await startRig(
    { MEDIADOCK_RATE_PER_MINUTE: '500' },
    { dialects: new Map([...registered, ['parrot', parrot]]) },
  );
  tenant = await rig.tenant({ dialect: 'parrot' });
});
afterAll(async () => {
  await rig?.close();
  await rm(folder, { recursive: true, force: true });
});

const sent = async (): Promise<Body> => {
  const before = tenant.receiver.received.length;
  await rig.send(tenant, [{ path: fixture('accident.jpg') }], { caption: 'Look here' });
  return await tenant.receiver.next(({ number }) => number > before);
};
const feathers = '/parrot/feathers';

test('the blocks pass the compiler, as strictly as everything else', async () => {
  const tsconfig = join(folder, 'tsconfig.json');
  await writeFile(tsconfig, JSON.stringify({ extends: '../../../tsconfig.json', include: ['*.ts'] }));
  const compiled = promisify(execFile)(resolve('node_modules/.bin/tsc'), ['--noEmit', '-p', tsconfig]);
  await expect(compiled.catch(({ stdout }: { stdout: string }) => stdout)).resolves.toEqual({ stdout: '', stderr: '' });
}, 120_000);

test('the dialect is served: a webhook with the vendor’s signature names a file, and the name yields its bytes', async () => {
  expect(tenant.key).toMatch(/^polly_live_/);
  const { json, headers, verified } = await sent();
  expect(json).toMatchObject({ said: 'Look here', feathers: [{ type: 'image/jpeg' }] });
  expect(headers['x-parrot-signature']).toMatch(/^[0-9a-f]{64}$/);
  expect(verified).toBe(true);
  const [{ feather }] = json.feathers;
  const file = await fetch(`${rig.gateway.url}${feathers}/${feather}`, { headers: { 'x-api-key': tenant.key } });
  expect(Buffer.from(await file.arrayBuffer())).toEqual(await readFile(fixture('accident.jpg')));
  expect(file.headers.get('x-parrot-patience')).toMatch(/^\d+$/);
});

test('its checks pass against the gateway', async () => {
  const { json } = await sent();
  const others = (await rig.call('POST', '/api/v1/apps', { name: 'Others', dialect: 'parrot' })).body;
  const { key: otherKey } = (await rig.call('POST', `/api/v1/apps/${others.id}/keys`, {})).body;
  const { receiver } = tenant;
  const results: CheckResult[] = [];
  for await (const result of runChecks(checks, {
    url: rig.gateway.url,
    key: tenant.key,
    otherKey,
    media: json.feathers[0].feather,
    inject: injectInto(rig, tenant),
    receiver: { url: receiver.url, next: (fits) => receiver.next(fits) },
  }))
    results.push(result);
  expect(results).toEqual(checks.map(({ name }) => ({ name, is: 'passed' })));
});

test('its settings are read, its errors worded and its retention kept', async () => {
  const endpoint = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
  expect((await rig.call('PATCH', endpoint, { settings: { whisper: true } })).body.errors).toEqual([
    { field: 'body.settings.whisper', message: 'is not known here' },
  ]);
  expect((await rig.call('PATCH', endpoint, { settings: { shout: true } })).status).toBe(200);
  const { json } = await sent();
  expect(json.said).toBe('LOOK HERE');
  const missing = await rig.call('GET', `${feathers}/x`, undefined, tenant.key);
  expect([missing.status, missing.body]).toEqual([404, { awk: 'There is nothing here under this id.' }]);
  const path = `${feathers}/${json.feathers[0].feather}`;
  expect((await rig.call('GET', path, undefined, tenant.key)).status).toBe(200);
  // A file whose webhook is on its way is kept longer.
  await attempted(rig, (await newestDelivery(rig, tenant)).id, 1);
  rig.clock.advance(15 * 86_400_000);
  expect((await rig.call('GET', path, undefined, tenant.key)).status).toBe(404);
});

test('the addresses are told as OpenAPI', async () => {
  const { body } = await rig.call('GET', '/openapi/parrot.json', undefined, null);
  expect(Object.keys(body.paths)).toEqual([`${feathers}/{feather}`]);
});

test('the table of the page names every member of the port, in its order', async () => {
  const port = await readFile('src/core/dialect.ts', 'utf8');
  const [, members = ''] = /^export type Dialect = \{\n(.*?)^\};/ms.exec(port) ?? [];
  const names = [...members.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, name]) => name);
  const [, table = ''] = /## The port\n(.*?)^## /ms.exec(page) ?? [];
  expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)).toEqual(names);
});
