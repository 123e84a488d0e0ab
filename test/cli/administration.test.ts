import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { shell } from './shell.ts';
import { type Asked, startApi } from './stand-in-api.ts';

const withKey = (url: string) => ({ MEDIADOCK_URL: url, MEDIADOCK_KEY: 'key' });
const bodyOf = (asked: Asked | undefined): unknown => JSON.parse(asked?.body.toString() ?? '');

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'mediadock-cli-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

test('options become the members of the API, as numbers, lists and null', async () => {
  const api = await startApi({
    'POST /apps': { status: 201, json: { id: 'app_1' } },
    'PATCH /organizations/org_1': { json: { id: 'org_1' } },
    'POST /apps/app_1/keys': { status: 201, json: { id: 'key_1', key: 'mdk_1' } },
    'POST /apps/app_1/endpoints': { status: 201, json: { id: 'end_1', secret: 'whsec_1' } },
    'PATCH /apps/app_1/endpoints/end_1': { json: { id: 'end_1' } },
  });
  const env = withKey(api.url);
  const type = (line: string) => shell(line.split(' '), { env });
  await type(
    'apps create --name claims --organization-id org_1 --dialect native --link-seconds 600 --hold-limit-seconds none',
  );
  await type('organizations update org_1 --media-retention-days 30');
  await type('keys create --app-id app_1 --permissions read,send --mode test');
  await type(
    'endpoints create --app-id app_1 --webhook-url https://a.example/?x=1 --header a=b=c --header X-Two=2 --events media.stored',
  );
  await type('endpoints update end_1 --app-id app_1 --events all --state paused --header none');
  expect(api.asked.map(bodyOf)).toEqual([
    { name: 'claims', organization_id: 'org_1', dialect: 'native', link_seconds: 600, hold_limit_seconds: null },
    { media_retention_days: 30 },
    { permissions: ['read', 'send'], mode: 'test' },
    { url: 'https://a.example/?x=1', headers: { a: 'b=c', 'X-Two': '2' }, events: ['media.stored'] },
    { events: null, state: 'paused', headers: {} },
  ]);
});

test('secrets come from files and from standard input, and two of one kind while it is rotated', async () => {
  const api = await startApi({ 'POST /connections': { status: 201, json: { id: 'con_1' } } });
  const at = await folder();
  await writeFile(join(at, 'new'), 'new-secret\n');
  const args = [
    'connections',
    'create',
    '--carrier',
    'whatsapp-cloud',
    '--name',
    'Meta',
    '--media-hosts',
    'a.example, b.example:8443',
  ];
  const secrets = ['--app-secret', `@${at}/new`, '--app-secret', 'old-secret', '--verify-token', '-'];
  expect(await shell([...args, ...secrets], { env: withKey(api.url), stdin: 'token\n' })).toMatchObject({ code: 0 });
  expect(bodyOf(api.asked[0])).toEqual({
    carrier: 'whatsapp-cloud',
    name: 'Meta',
    app_secret: ['new-secret', 'old-secret'],
    verify_token: 'token',
    media_hosts: ['a.example', 'b.example:8443'],
  });
});

test('a secret that cannot be read ends with 2, and nothing is created', async () => {
  const api = await startApi({});
  const args = ['channels', 'create', '--app-id', 'a', '--connection-id', 'c', '--address', '1', '--access-token'];
  expect(await shell([...args, '@/nowhere'], { env: withKey(api.url) })).toMatchObject({ code: 2 });
  expect(await shell([...args, '-'], { env: withKey(api.url), stdin: 'x'.repeat(70_000) })).toMatchObject({ code: 2 });
  const twice = ['connections', 'update', 'con_1', '--app-secret', '-', '--verify-token', '-'];
  expect((await shell(twice, { env: withKey(api.url), stdin: 'x' })).err).toContain('standard input was read already');
  expect(api.asked).toEqual([]);
});

test('a key that is shown once is shown, and the person is told to keep it', async () => {
  const api = await startApi({ 'POST /apps/app_1/keys': { status: 201, json: { id: 'key_1', key: 'mdk_live_x' } } });
  const { out, err } = await shell(['keys', 'create', '--app-id', 'app_1'], { env: withKey(api.url) });
  expect(out).toMatch(/^key +mdk_live_x$/m);
  expect(err).toContain('shown this once');
});

test('the app need not be named while there is only one', async () => {
  const one = await startApi({
    'GET /apps': { json: { data: [{ id: 'app_1' }], next: null } },
    'GET /apps/app_1/keys/key_1': { json: { id: 'key_1' } },
  });
  expect(await shell(['keys', 'get', 'key_1'], { env: withKey(one.url) })).toMatchObject({ code: 0 });
  const none = await startApi({ 'GET /apps': { json: { data: [], next: null } } });
  expect((await shell(['keys', 'ls'], { env: withKey(none.url) })).err).toContain('apps create');
  const two = await startApi({ 'GET /apps': { json: { data: [{ id: 'app_1' }, { id: 'app_2' }], next: null } } });
  expect(await shell(['keys', 'ls'], { env: withKey(two.url) })).toMatchObject({ code: 2, out: '' });
});

test('every kind of thing can be created, listed, shown, changed and removed', async () => {
  const created = {
    organizations: '--name a',
    apps: '--name a',
    keys: '--app-id app_1 --name a',
    connections: '--carrier c --name a --app-secret s --verify-token t',
    channels: '--app-id app_1 --connection-id con_1 --address 1 --access-token t',
    endpoints: '--app-id app_1 --webhook-url https://a.example',
  };
  const changed = { channels: '--display d', endpoints: '--webhook-url https://b.example' };
  for (const [name, creation] of Object.entries(created)) {
    const within = creation.includes('app_1') && name !== 'channels';
    const path = within ? `/apps/app_1/${name}` : `/${name}`;
    const api = await startApi({
      [`POST ${path}`]: { status: 201, json: { id: 'x' } },
      [`GET ${path}`]: { json: { data: [{ id: 'x' }], next: null } },
      [`GET ${path}/x`]: { json: { id: 'x' } },
      [`PATCH ${path}/x`]: { json: { id: 'x' } },
      [`DELETE ${path}/x`]: { status: 204 },
    });
    const app = within ? ' --app-id app_1' : '';
    const change = name in changed ? changed[name as keyof typeof changed] : '--name b';
    for (const line of [
      `create ${creation}`,
      `ls${app}`,
      `get x${app}`,
      `update x ${change}${app}`,
      `rm x${app} --json`,
    ]) {
      const ran = await shell(`${name} ${line}`.split(' '), { env: withKey(api.url) });
      expect(ran, `${name} ${line}`).toMatchObject({ code: 0 });
      if (line.startsWith('rm')) expect(JSON.parse(ran.out)).toEqual({ id: 'x', removed: true });
    }
    expect(api.asked.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'PATCH', 'DELETE']);
  }
});

test('a signing secret is rotated with an overlap', async () => {
  const api = await startApi({ 'POST /apps/app_1/endpoints/end_1/rotate-secret': { json: { secret: 'whsec_2' } } });
  const line = 'endpoints rotate-secret end_1 --app-id app_1 --overlap-seconds 60';
  expect((await shell(line.split(' '), { env: withKey(api.url) })).out).toContain('whsec_2');
  expect(bodyOf(api.asked[0])).toEqual({ overlap_seconds: 60 });
});

test('a delivery is replayed by its id, or all dead ones of an endpoint in its app', async () => {
  const api = await startApi({
    'POST /deliveries/dlv_1/replay': { status: 202, json: { id: 'dlv_1', state: 'pending' } },
    'GET /deliveries': ({ query }) => ({
      json: { data: query['endpoint_id'] === 'end_1' ? [{ id: 'dlv_1', app_id: 'app_7' }] : [], next: null },
    }),
    'POST /apps/app_7/endpoints/end_1/replay-dead': { status: 202, json: { replayed: 3 } },
  });
  const env = withKey(api.url);
  expect((await shell(['deliveries', 'replay', 'dlv_1'], { env })).out).toBe('dlv_1 is pending\n');
  expect((await shell(['deliveries', 'replay', '--endpoint', 'end_1'], { env })).out).toBe('3 replayed\n');
  expect((await shell(['deliveries', 'replay', '--endpoint', 'end_2', '--json'], { env })).out).toContain(
    '"replayed": 0',
  );
  expect(api.asked[1]?.query).toMatchObject({ state: 'dead' });
});
