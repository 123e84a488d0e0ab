import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { newFolder, startRig } from './rig.ts';

async function envIn(file: string): Promise<Record<string, string>> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  return Object.fromEntries(lines.map((line) => /^(\w+)='(.*)'$/.exec(line)?.slice(1) ?? [line, '']));
}

const number = [
  '--phone-number-id',
  '777',
  '--display',
  '+15550001111',
  '--access-token',
  'EAA-token',
  '--app-secret',
  'shh',
];

test('init makes app, webhook, number and key without a question, and keeps the secrets in a file for the owner alone', async () => {
  const rig = await startRig();
  const file = join(await newFolder(), 'mediadock.env');
  const { code, out } = await rig.type([
    'init',
    '--app',
    'claims',
    '--webhook-url',
    'https://claims.example/hooks',
    ...number,
    '--env-file',
    file,
    '--json',
  ]);
  expect(code).toBe(0);
  const { made, intake_url: intake, verify_token: token } = JSON.parse(out);
  expect(made.map(({ what }: { what: string }) => what)).toEqual(['app', 'endpoint', 'connection', 'channel', 'key']);
  const env = await envIn(file);
  expect(Object.keys(env)).toEqual(['MEDIADOCK_URL', 'MEDIADOCK_KEY', 'WEBHOOK_SECRET', 'VERIFY_TOKEN']);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(out).not.toContain(env['MEDIADOCK_KEY']);

  // The key opens the app, and the carrier's handshake is answered.
  expect(await rig.type(['apps', 'ls', '--key', env['MEDIADOCK_KEY'] ?? ''])).toMatchObject({ code: 0 });
  const handshake = new URL(intake);
  handshake.search = new URLSearchParams({
    'hub.mode': 'subscribe',
    'hub.verify_token': token,
    'hub.challenge': '42',
  }).toString();
  expect(await (await fetch(handshake)).text()).toBe('42');
});

test('run again it uses what is there, and asks for no secret of what needs none', async () => {
  const rig = await startRig();
  const folder = await newFolder();
  const line = ['init', '--app', 'claims', '--webhook-url', 'https://claims.example/hooks', '--phone-number-id', '777'];
  await rig.type([...line, '--access-token', 'EAA', '--app-secret', 'shh', '--env-file', join(folder, 'one')]);
  const { code, out } = await rig.type([...line, '--env-file', join(folder, 'two')]);
  expect(code).toBe(0);
  expect(out.match(/there already/g)).toHaveLength(4);
  expect(Object.keys(await envIn(join(folder, 'two')))).toEqual(['MEDIADOCK_URL', 'MEDIADOCK_KEY']);
  const apps = await rig.type(['apps', 'ls', '--json']);
  expect(JSON.parse(apps.out).data).toHaveLength(1);
});

test('it never overwrites a file, and then makes nothing', async () => {
  const rig = await startRig();
  const file = join(await newFolder(), 'mediadock.env');
  await rig.type(['init', '--app', 'first', '--env-file', file]);
  const before = await readFile(file, 'utf8');
  const { code, err } = await rig.type(['init', '--app', 'second', '--env-file', file]);
  expect(code).toBe(2);
  expect(err).toContain('is not overwritten');
  expect(await readFile(file, 'utf8')).toBe(before);
  expect(JSON.parse((await rig.type(['apps', 'ls', '--json'])).out).data).toHaveLength(1);
});

test('a number without its secrets is refused before anything is made', async () => {
  const rig = await startRig();
  const file = join(await newFolder(), 'mediadock.env');
  const { code, err } = await rig.type(['init', '--phone-number-id', '777', '--env-file', file]);
  expect(code).toBe(2);
  expect(err).toContain('a number needs --access-token');
  expect(JSON.parse((await rig.type(['apps', 'ls', '--json'])).out).data).toEqual([]);
});

test('at a terminal it asks for what is not given, and shows no secret', async () => {
  const rig = await startRig();
  const file = join(await newFolder(), 'mediadock.env');
  const answers = ['claims', '', '777', '+15550001111', 'EAA-secret-token', 'app-secret-of-mine'];
  const stdin = new PassThrough();
  const { code, out, err } = await rig.type(['init', '--env-file', file], {
    terminal: 100,
    stdin,
    onErr: (text) => text.endsWith(': ') && stdin.write(`${answers.shift()}\n`),
  });
  expect({ code, err: err.includes('Name of the app [default]: ') }).toEqual({ code: 0, err: true });
  expect(out).toContain('Enter at Meta under WhatsApp → Configuration');
  expect(out + err).not.toContain('EAA-secret-token');
  expect(out + err).not.toContain('app-secret-of-mine');
  const channels = JSON.parse((await rig.type(['channels', 'ls', '--json'])).out).data;
  expect(channels).toMatchObject([{ address: '777', display: '+15550001111' }]);
});

test('whoever stops at a question is told how to go on, and nothing was made', async () => {
  const rig = await startRig();
  const stdin = new PassThrough();
  const { code, err } = await rig.type(['init', '--env-file', join(await newFolder(), 'mediadock.env')], {
    terminal: 100,
    stdin,
    onErr: (text) => text.endsWith(': ') && stdin.write('\u0003'),
  });
  expect(code).toBe(130);
  expect(err).toContain('stopped; go on with: mediadock init');
  expect(JSON.parse((await rig.type(['apps', 'ls', '--json'])).out).data).toEqual([]);
});
