import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import { shell } from './shell.ts';
import { startApi } from './stand-in-api.ts';

const id = (prefix: string, letter: string) => `${prefix}_${letter.repeat(27)}`;

const media = (more: JsonObject = {}): JsonObject => ({
  id: id('med', 'A'),
  app_id: id('app', 'B'),
  message_id: id('msg', 'C'),
  kind: 'document',
  state: 'stored',
  reason: null,
  type: 'application/pdf',
  size: 1_234_567,
  file_name: 'contract.pdf',
  received_at: '2026-01-02T03:04:05.678Z',
  ...more,
});

const withKey = (url: string) => ({ MEDIADOCK_URL: url, MEDIADOCK_KEY: 'key' });

test('a list is a table for people: no colour in a pipe, and where to go on is told on stderr', async () => {
  const api = await startApi({ 'GET /media': { json: { data: [media()], next: 'more' } } });
  const { code, out, err } = await shell(['media', 'ls', '--state', 'stored', '--limit', '1'], {
    env: withKey(api.url),
  });
  expect(code).toBe(0);
  expect(api.asked[0]).toMatchObject({
    query: { state: 'stored', limit: '1' },
    headers: { authorization: 'Bearer key' },
  });
  expect(out).toMatchInlineSnapshot(`
    "ID                               KIND      STATE     SIZE  FILE NAME     RECEIVED (UTC)       TYPE             MESSAGE                          APP
    med_AAAAAAAAAAAAAAAAAAAAAAAAAAA  document  stored  1.2 MB  contract.pdf  2026-01-02 03:04:05  application/pdf  msg_CCCCCCCCCCCCCCCCCCCCCCCCCCC  app_BBBBBBBBBBBBBBBBBBBBBBBBBBB
    "
  `);
  expect(err).toBe('more: --cursor more\n');
});

test('with --json stdout is what the server answered, and nothing else is said', async () => {
  const answer = { data: [media()], next: 'more' };
  const api = await startApi({ 'GET /media': { json: answer } });
  for (const args of [
    ['media', 'ls', '--json'],
    ['--json', 'media', 'ls'],
  ]) {
    const { out, err } = await shell(args, { env: withKey(api.url), terminal: 80 });
    expect(JSON.parse(out)).toEqual(answer);
    expect(err).toBe('');
  }
});

test('an empty list says so on stderr', async () => {
  const api = await startApi({ 'GET /messages': { json: { data: [], next: null } } });
  expect(await shell(['messages', 'ls'], { env: withKey(api.url) })).toMatchObject({
    out: '',
    err: 'there are none\n',
  });
});

test.each([80, 200])('at %i columns no line is longer, no id is cut, and long names give way', async (columns) => {
  const long = 'the damage at the front of the car '.repeat(6);
  const rows = [media({ file_name: long }), media({ file_name: '車の損傷'.repeat(20) }), media({ reason: long })];
  const api = await startApi({ 'GET /media': { json: { data: rows, next: null } } });
  for (const place of [{ terminal: columns }, { env: { ...withKey(api.url), COLUMNS: `${columns}` } }]) {
    const { out } = await shell(['media', 'ls'], { env: withKey(api.url), ...place });
    const lines = stripVTControlCharacters(out).trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line.replace(/[\u3000-\u9fff]/g, 'WW').length).toBeLessThanOrEqual(columns);
    for (const line of lines.slice(1)) expect(line).toContain(id('med', 'A'));
    expect(lines[1]).toContain('…');
    expect(out.includes(id('msg', 'C'))).toBe(columns === 200);
  }
});

test('heads are bold on a terminal, unless NO_COLOR asks for none', async () => {
  const api = await startApi({ 'GET /media': { json: { data: [media()], next: null } } });
  const env = withKey(api.url);
  expect((await shell(['media', 'ls'], { env, terminal: 80 })).out).toContain('\u001b[1mID');
  expect((await shell(['media', 'ls'], { env: { ...env, NO_COLOR: '1' }, terminal: 80 })).out).not.toContain('\u001b');
});

test("a stranger's name moves no cursor, forges no line and turns no writing", async () => {
  const nasty = 'a\u001b[2Jb\u0007c\nmed_FORGED stored\u202efdp.exe\u009b31m';
  const row = media({ file_name: nasty });
  const api = await startApi({
    'GET /media': { json: { data: [row], next: null } },
    [`GET /media/${row['id']}`]: { json: row },
    'GET /media/refused': {
      status: 409,
      json: { title: 'x', detail: nasty, errors: [{ field: nasty, message: nasty }] },
    },
  });
  const env = withKey(api.url);
  const shown = [
    await shell(['media', 'ls'], { env }),
    await shell(['media', 'show', `${row['id']}`], { env }),
    await shell(['media', 'show', 'refused'], { env }),
    await shell(['media', 'ls', '--json'], { env }),
  ];
  for (const { out, err } of shown) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
    expect(out.replaceAll('\n', '') + err.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(out).not.toMatch(/^med_FORGED/m);
  }
  for (const { out, err } of shown.slice(0, 3)) expect(out + err).not.toContain('\u202e');
  expect(JSON.parse(shown[3]?.out ?? '')).toMatchObject({ data: [{ file_name: nasty }] });
});

test('a thing is shown with all its members, those within under dotted names', async () => {
  const message = { id: 'msg_1', contact: { name: 'Ada', phone: '+39333' }, errors: [], text: null, media: [media()] };
  const api = await startApi({ 'GET /messages/msg_1': { json: message } });
  const { out } = await shell(['messages', 'get', 'msg_1'], { env: withKey(api.url) });
  expect(out).toMatch(/^contact\.name +Ada$/m);
  expect(out).toMatch(/^errors +–$/m);
  expect(out).toContain(`\n\nID`);
  expect(out).toContain('contract.pdf');
});

test('events tell where to go on, also after the last one', async () => {
  const api = await startApi({ 'GET /events': { json: { data: [], next: 'c2' } } });
  const { err } = await shell(['events', 'ls', '--after', 'c1', '--types', 'media.stored'], { env: withKey(api.url) });
  expect(api.asked[0]?.query).toEqual({ after: 'c1', types: 'media.stored' });
  expect(err).toBe('there are none; go on with: --after c2\n');
});

test('an id that a person typed stays one part of the path', async () => {
  const api = await startApi({});
  expect((await shell(['media', 'show', '../apps?x=/y'], { env: withKey(api.url) })).code).toBe(4);
  expect(api.asked.map(({ path, query }) => ({ path, query }))).toEqual([
    { path: '/media/..%2Fapps%3Fx%3D%2Fy', query: {} },
  ]);
});

test('the key is taken from --key, MEDIADOCK_KEY, MEDIADOCK_ADMIN_KEY, then admin.key in the data folder', async () => {
  const api = await startApi({ 'GET /apps': { json: { data: [], next: null } } });
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-cli-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'admin.key'), 'of-the-file\n');
  const file = { MEDIADOCK_PUBLIC_URL: `${api.url}/`, MEDIADOCK_DATA_DIR: folder };
  const admin = { ...file, MEDIADOCK_ADMIN_KEY: 'of-the-admin' };
  const own = { ...admin, MEDIADOCK_KEY: 'own' };
  await shell(['apps', 'ls', '--key', 'typed'], { env: own });
  await shell(['apps', 'ls'], { env: own });
  await shell(['apps', 'ls'], { env: admin });
  await shell(['apps', 'ls'], { env: file });
  expect(api.asked.map(({ headers }) => headers['authorization'])).toEqual(
    ['typed', 'own', 'of-the-admin', 'of-the-file'].map((key) => `Bearer ${key}`),
  );
});
