import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { carriers } from '../../src/carriers/registry.ts';
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
    connections: '--carrier whatsapp-cloud --name a --app-secret s --verify-token t',
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

test('a delivery is replayed by its id, or a span to an endpoint step by step, in its app', async () => {
  const api = await startApi({
    'POST /deliveries/dlv_1/replay': { status: 202, json: { id: 'dlv_1', state: 'pending' } },
    'GET /deliveries': ({ query }) => ({
      json: { data: query['endpoint_id'] === 'end_1' ? [{ id: 'dlv_1', app_id: 'app_7' }] : [], next: null },
    }),
    'GET /apps': { json: { data: [{ id: 'app_9' }], next: null } },
    'POST /apps/app_7/endpoints/end_1/replay': ({ body }) => ({
      status: 202,
      json: JSON.parse(String(body)).cursor === 'there' ? { queued: 1, next: null } : { queued: 2, next: 'there' },
    }),
    'POST /apps/app_9/endpoints/end_new/replay': { status: 202, json: { queued: 0, next: null } },
  });
  const env = withKey(api.url);
  const type = (line: string) => shell(line.split(' '), { env });
  expect((await type('deliveries replay dlv_1')).out).toBe('dlv_1 is pending\n');
  expect((await type('deliveries replay --endpoint end_1')).out).toBe('3 to be sent again\n');
  expect(
    (await type('deliveries replay --endpoint end_new --scope missing --from 7d --to 2025-12-31T00:00:00Z')).out,
  ).toBe('0 to be sent again\n');
  const bodies = api.asked.filter(({ path }) => path.endsWith('/replay')).map(({ body }) => body.toString());
  expect(bodies.slice(1).map((body) => JSON.parse(body))).toEqual([
    { scope: 'dead', from: '2025-12-02T00:00:00.000Z', to: '2026-01-01T00:00:00.000Z' },
    { scope: 'dead', from: '2025-12-02T00:00:00.000Z', to: '2026-01-01T00:00:00.000Z', cursor: 'there' },
    { scope: 'missing', from: '2025-12-25T00:00:00.000Z', to: '2025-12-31T00:00:00.000Z' },
  ]);
});

test('a key is rotated, of an app or of an organization, and shown once', async () => {
  const made = { status: 201, json: { id: 'key_2', key: 'mdk_new' } };
  const api = await startApi({
    'POST /apps/app_1/keys/key_1/rotate': made,
    'POST /organizations/org_1/keys/key_1/rotate': made,
    'POST /organizations/org_1/keys': made,
    'GET /organizations/org_1/keys': { json: { data: [], next: null } },
  });
  const env = withKey(api.url);
  const type = (line: string) => shell(line.split(' '), { env });
  const rotated = await type('keys rotate key_1 --app-id app_1 --overlap-seconds 60');
  expect(rotated.out).toContain('mdk_new');
  expect(rotated.err).toContain('Keep the key: it is shown this once.');
  expect((await type('keys rotate key_1 --organization-id org_1')).code).toBe(0);
  expect((await type('keys create --organization-id org_1')).code).toBe(0);
  expect((await type('keys ls --organization-id org_1')).code).toBe(0);
  expect((await type('keys ls --organization-id org_1 --app-id app_1')).code).toBe(2);
  expect(bodyOf(api.asked[0])).toEqual({ overlap_seconds: 60 });
  expect(bodyOf(api.asked[1])).toEqual({});
});

test('an endpoint is tested, paused and resumed', async () => {
  const answer = { status: 200, duration_ms: 12, error: null, fault: 'none', reply: 'thanks', body: '{}' };
  const api = await startApi({
    'POST /apps/app_1/endpoints/end_1/test': { json: answer },
    'POST /apps/app_1/endpoints/end_2/test': {
      json: { ...answer, status: null, error: 'connection refused', reply: null },
    },
    'POST /apps/app_1/endpoints/end_1/pause': { json: { id: 'end_1', state: 'paused' } },
    'POST /apps/app_1/endpoints/end_1/resume': { json: { id: 'end_1', state: 'active' } },
  });
  const env = withKey(api.url);
  const type = (line: string) => shell(`${line} --app-id app_1`.split(' '), { env });
  expect(await type('endpoints test end_1')).toMatchObject({ code: 0, out: '200, 12 ms\nthanks\n' });
  expect(await type('endpoints test end_2')).toMatchObject({ code: 1, out: 'connection refused, 12 ms\n' });
  expect((await type('endpoints pause end_1')).out).toBe('end_1 is paused\n');
  expect((await type('endpoints resume end_1')).out).toBe('end_1 is active\n');
});

test('webhooks are read again, one or all that have something open', async () => {
  const read = { messages: 1, duplicates: 0, media_added: 1, unrouted: 0, unparsed: 0 };
  const api = await startApi({
    'POST /journal/req_1/replay': { json: read },
    'POST /journal/replay': ({ body }) => ({
      json: { replayed: 2, solved: 1, failed: 0, next: JSON.parse(String(body)).cursor === undefined ? 'on' : null },
    }),
  });
  const env = withKey(api.url);
  const type = (line: string) => shell(line.split(' '), { env });
  expect((await type('journal replay req_1')).out).toBe('1 messages, 1 media_added, 0 unrouted, 0 unparsed\n');
  expect((await type('journal replay --only unrouted')).out).toBe(
    '4 read again: nothing is open any more in 2, 0 failed\n',
  );
  expect(await type('journal replay')).toMatchObject({ code: 2 });
});

test('the plan of retention tells what goes, when and by whose setting', async () => {
  const media = { id: 'med_1', kind: 'image', expires_at: '2026-01-02T00:00:00.000Z', size: 10 };
  const api = await startApi({
    'GET /retention/plan': { json: { data: [{ media, rule: 'organization' }], next: null } },
  });
  const { out } = await shell(['retention', 'plan', '--until', '24h'], { env: withKey(api.url) });
  expect(api.asked[0]?.query).toMatchObject({ until: '2026-01-02T00:00:00.000Z' });
  expect(out).toContain('med_1  2026-01-02 00:00:00  organization  image');
});

test('doctor tells the worst first, each with its remedy, and fails where a check has', async () => {
  const finding = (check: string, state: string, remedy: string | null) => ({
    check,
    subject: 'this',
    state,
    says: 'so',
    remedy,
  });
  const findings = [finding('disk', 'ok', null), finding('clock', 'fail', 'set it'), finding('reach', 'warn', 'look')];
  const api = await startApi({ 'GET /doctor': { json: { status: 'fail', findings } } });
  const { code, out, err } = await shell(['doctor'], { env: withKey(api.url) });
  expect(code).toBe(1);
  expect(err).toContain('1 of 3 checks failed');
  expect(out).toBe(
    'FAIL  clock, this: so\n      → set it\nWARN  reach, this: so\n      → look\nOK    disk, this: so\n',
  );
});

test('a file is uploaded with its name and type', async () => {
  const api = await startApi({ 'POST /media': { status: 201, json: { id: 'med_1', kind: 'image', state: 'stored' } } });
  const at = await folder();
  await writeFile(join(at, 'Übersicht.jpg'), 'bytes');
  const { code, out } = await shell(['media', 'upload', join(at, 'Übersicht.jpg'), '--app-id', 'app_1'], {
    env: withKey(api.url),
  });
  expect(code).toBe(0);
  expect(out).toContain('med_1');
  expect(api.asked[0]).toMatchObject({
    query: { app_id: 'app_1' },
    headers: { 'content-type': 'image/jpeg', 'content-length': '5', 'x-file-name': '%C3%9Cbersicht.jpg' },
  });
});

test('what comes too fast for its key is asked again after the pause that the server names', async () => {
  let asked = 0;
  const api = await startApi({
    'GET /apps': () =>
      ++asked === 1
        ? { status: 429, write: (response) => response.writeHead(429, { 'retry-after': '3' }).end('{}') }
        : { json: { data: [], next: null } },
  });
  const pauses: number[] = [];
  expect(await shell(['apps', 'ls'], { env: withKey(api.url), onPause: () => pauses.push(1) })).toMatchObject({
    code: 0,
  });
  expect({ asked, pauses }).toEqual({ asked: 2, pauses: [1] });
});

test.each([
  ['whatsapp-cloud', '--app-secret s --app-secret t --verify-token v --graph-version v24.0 --media-hosts a.example'],
  ['rcs', '--client-token t --agent-id a@rbm.goog --api-url https://a.example --media-hosts *.a.example'],
  [
    'twilio',
    `--account-sid AC${'a1'.repeat(16)} --auth-token t --api-key-sid SK${'a1'.repeat(16)} --api-key-secret s ` +
      '--api-url https://a.example --channel-by number --delete-after-capture true --reconcile-hours 0',
  ],
])('the options of a connection at %s are settings that it knows', async (carrier, given) => {
  const api = await startApi({ 'POST /connections': { status: 201, json: { id: 'con_1' } } });
  const line = `connections create --carrier ${carrier} --name a ${given}`;
  expect(await shell(line.split(' '), { env: withKey(api.url) })).toMatchObject({ code: 0, err: '' });
  const { carrier: _, name: __, ...settings } = bodyOf(api.asked[0]) as Record<string, unknown>;
  const account = carriers.get(carrier)?.readConnection(settings);
  for (const member of Object.keys(settings))
    expect({ ...account?.settings, ...account?.secrets }).toHaveProperty(member);
});

test('what a connection needs, and what its carrier does not have, is named, and nothing is created', async () => {
  const api = await startApi({});
  const env = withKey(api.url);
  const type = (line: string) => shell(`connections create --name a --carrier ${line}`.split(' '), { env });
  const bare = [await type('whatsapp-cloud'), await type('rcs'), await type('twilio')];
  expect(bare.map(({ code, err }) => [code, err.trim()])).toEqual([
    [2, 'mediadock: whatsapp-cloud needs --app-secret, --verify-token'],
    [2, 'mediadock: rcs needs --client-token'],
    [2, 'mediadock: twilio needs --account-sid, --auth-token'],
  ]);
  expect((await type('rcs --client-token t --app-secret s')).err).toContain('rcs has no --app-secret');
  expect(await type('pigeon')).toMatchObject({ code: 2, err: expect.stringContaining('whatsapp-cloud, rcs, twilio') });
  expect(await type('twilio --account-sid a --auth-token b --delete-after-capture maybe')).toMatchObject({ code: 2 });
  expect(api.asked).toEqual([]);
});
