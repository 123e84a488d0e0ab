// docs/integrate.md shows programs; here they are run, as they stand there, against a gateway with the sandbox as its carrier.

import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultCatalogue } from '../../src/sandbox/fault-catalogue.ts';
import { ways } from '../journeys/fault-outcomes.ts';
import { fixture, type Rig, say, startRig, type Tenant } from '../journeys/rig.ts';
import { folderOf, type Program, run, snippetsIn } from './snippets.ts';

const page = 'docs/integrate.md';
const photo = fixture('accident.jpg');
const byLookUp = { path: photo, message: ways.lookUp };

const isThere = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const languages: { name: string; command: string; ending: string }[] = [
  { name: 'Node', command: process.execPath, ending: 'mjs' },
  { name: 'Python', command: 'python3', ending: 'py' },
];

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.close());

test('every block that is marked to be run is run here', async () => {
  const programs = languages.flatMap(({ ending }) => [`receiver.${ending}`, `follow.${ending}`]);
  expect([...snippetsIn(await readFile(page, 'utf8')).keys()].sort()).toEqual([...programs, 'look.sh'].sort());
});

/** Starts a receiver and makes it an endpoint of the tenant. @returns its address */
async function listening(tenant: Tenant, program: Program): Promise<string> {
  const line = await program.lines.next((one) => one.startsWith('listening on '));
  const url = `http://127.0.0.1:${line.slice('listening on '.length)}/`;
  const { secret } = tenant;
  const made = await rig.call('POST', `/api/v1/apps/${tenant.appId}/endpoints`, { url, secret }, tenant.key);
  expect(made.status).toBe(201);
  return url;
}

describe.each(languages)('the programs in $name', ({ name, command, ending }) => {
  // Node runs these tests, so it is there.
  const absent = !isThere(command) && `${command} is not installed`;
  const titled = (title: string) => (absent ? `${title} (left out: ${absent})` : title);

  test.skipIf(absent)(
    titled('the receiver saves files, also late ones, and tells of those that cannot be had'),
    async () => {
      const tenant = await rig.tenant({ deliver_within_seconds: 15 });
      const folder = await folderOf(page);
      const env = { PORT: '0', WEBHOOK_SECRET: tenant.secret };
      const program = run(folder, [command, `receiver.${ending}`], env);
      const said = (start: string) => program.lines.next((line) => line.startsWith(start));
      const url = await listening(tenant, program);

      const forged = await fetch(url, {
        method: 'POST',
        headers: {
          'webhook-id': 'evt_1',
          'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
          'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
        },
        body: JSON.stringify({ type: 'media.stored', data: {} }),
      });
      expect(forged.status).toBe(401);

      rig.sandbox.fault('*', faultCatalogue.media_gone, 1);
      await rig.send(tenant, [byLookUp]);
      expect(await said('unavailable ')).toMatch(/^unavailable med_\w+: carrier_131052$/);

      rig.sandbox.fault('*', faultCatalogue.app_limit_429, 1);
      await rig.send(tenant, [byLookUp]);
      await rig.log.next(
        ({ msg, channel, outcome }) => msg === 'capture' && channel === tenant.channelId && outcome === 'retry',
      );
      rig.clock.advance(15_000);
      const waiting = await said('waiting for ');
      rig.clock.advance(31_000);
      const id = /^waiting for (med_\w+) \(message\.received\)$/.exec(waiting)?.[1];
      expect(await said(`saved ${id}`)).toBe(`saved ${id}.jpg (verified)`);
      expect(await readFile(join(folder, `${id}.jpg`))).toEqual(await readFile(photo));

      expect((await readdir(folder)).filter((file) => file.endsWith('.part'))).toEqual([]);
    },
  );

  test.skipIf(absent)(titled('the reader of events goes on where it ended'), async () => {
    const tenant = await rig.tenant();
    const folder = await folderOf(page);
    const env = { MEDIADOCK_URL: rig.gateway.url, MEDIADOCK_KEY: tenant.key };
    const read = async () => {
      const program = run(folder, [command, `follow.${ending}`], env);
      expect(await program.ended).toEqual({ code: 0, complaints: '' });
      return program.lines.items.map((line) => line.replace(/_\w+$/, '_…'));
    };
    await say(rig, tenant, `read in ${name}`);
    expect(await read()).toEqual(['message.received msg_…']);
    expect(await read()).toEqual([]);
    await say(rig, tenant);
    await say(rig, tenant);
    expect(await read()).toEqual(['message.received msg_…', 'message.received msg_…']);
  });
});

test.skipIf(!isThere('curl'))('the calls with curl get events, a media with its link, and a file', async () => {
  const tenant = await rig.tenant();
  const folder = await folderOf(page);
  const [sent] = await rig.send(tenant, [{ path: photo }]);
  const told = await tenant.receiver.next(() => true);
  const [media] = (told.json as { data: { message: { media: { id: string }[] } } }).data.message.media;
  const env = { MEDIADOCK_URL: rig.gateway.url, MEDIADOCK_KEY: tenant.key, MEDIA_ID: media?.id ?? '' };

  expect(await run(folder, ['sh', '-e', 'look.sh'], env).ended).toEqual({ code: 0, complaints: '' });
  const json = async (file: string) => JSON.parse(await readFile(join(folder, file), 'utf8'));
  expect(await json('events.json')).toMatchObject({ data: [{ type: 'message.received' }, { type: 'media.stored' }] });
  expect(await json('media.json')).toMatchObject({ data: [{ carrier_media_id: sent?.media.id, state: 'stored' }] });
  expect(await readFile(join(folder, 'file.bin'))).toEqual(await readFile(photo));
});
