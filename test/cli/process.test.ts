// The program as a process of its own: signals, pipes and the server.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startApi } from './stand-in-api.ts';

const program = new URL('../../src/cli.ts', import.meta.url).pathname;

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'mediadock-cli-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

function start(args: string[], env: Record<string, string>, cwd = process.cwd()) {
  const child = spawn(process.execPath, [program, ...args], { env: { PATH: process.env['PATH'], ...env }, cwd });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code]: unknown[]) => code as number | null);
  return { child, ended, err: text(child.stderr), line: (form: RegExp) => firstLine(child.stdout, form) };
}

async function firstLine(stream: Readable, form: RegExp): Promise<string> {
  let seen = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    seen += chunk;
    const found = form.exec(seen);
    if (found) return found[1] ?? found[0];
  }
  throw new Error(`the output ended without ${form}: ${seen}`);
}

test('what is wrong with the settings stops the start with 2, all of it', async () => {
  const { child, ended, err } = start(['serve'], { MEDIADOCK_PORT: 'x', MEDIADOCK_DATADIR: '/srv' });
  expect(await text(child.stdout)).toBe('');
  expect(await ended).toBe(2);
  expect(await err).toContain('MEDIADOCK_PORT: expected');
  expect(await err).toContain('did you mean MEDIADOCK_DATA_DIR?');
});

test('config shows what is in force and nothing secret', async () => {
  const { child, ended } = start(['config', '--json'], {
    MEDIADOCK_ADMIN_KEY: 'a-secret-of-mine',
    MEDIADOCK_CAPTURES: '3',
  });
  const out = await text(child.stdout);
  expect(await ended).toBe(0);
  expect(JSON.parse(out).data).toContainEqual({ name: 'MEDIADOCK_CAPTURES', value: 3, default: false });
  expect(JSON.parse(out).data).toContainEqual({ name: 'MEDIADOCK_ADMIN_KEY', value: 'set', default: false });
  expect(out).not.toContain('a-secret-of-mine');
});

test('exit codes reach the shell', async () => {
  const { ended, err } = start(['media', 'ls'], { MEDIADOCK_URL: 'http://127.0.0.1:1', MEDIADOCK_KEY: 'key' });
  expect(await ended).toBe(3);
  expect(await err).toContain('http://127.0.0.1:1');
});

test('Ctrl-C during a download ends with 130 and leaves nothing', async () => {
  const cwd = await folder();
  let running = () => {};
  const begun = new Promise<void>((resolve) => {
    running = resolve;
  });
  const api = await startApi({
    'GET /media/med_1': { json: { id: 'med_1', file_name: 'a.jpg', size: 1000 } },
    'GET /media/med_1/content': { write: (response) => response.write('half', running) },
  });
  const { child, ended } = start(['media', 'get', 'med_1'], { MEDIADOCK_URL: api.url, MEDIADOCK_KEY: 'key' }, cwd);
  await begun;
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(await readdir(cwd)).toEqual([]);
});

test('a reader that has had enough is no error', async () => {
  const rows = Array.from({ length: 5000 }, (_, at) => ({ id: `app_${at}`, name: 'n'.repeat(200) }));
  const api = await startApi({ 'GET /apps': { json: { data: rows, next: null } } });
  const { child, ended, err } = start(['apps', 'ls', '--json'], { MEDIADOCK_URL: api.url, MEDIADOCK_KEY: 'key' });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect(await ended).toBe(0);
  expect(await err).toBe('');
});

test('serve runs until it is asked to stop; commands find it by its data folder', async () => {
  const cwd = await folder();
  const env = { MEDIADOCK_DATA_DIR: cwd, MEDIADOCK_PORT: '0', MEDIADOCK_SANDBOX: 'off', MEDIADOCK_LOG_LEVEL: 'error' };
  const server = start(['serve'], env);
  const url = await server.line(/ready at (\S+?),/);
  const asked = start(['apps', 'ls', '--json'], { MEDIADOCK_URL: url, MEDIADOCK_DATA_DIR: cwd });
  expect(JSON.parse(await text(asked.child.stdout))).toEqual({ data: [], next: null });
  expect((await readFile(join(cwd, 'admin.key'), 'utf8')).trim()).not.toBe('');
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(await server.err).toBe('');
});

test('serve on a port that is taken ends with 1 and says so', async () => {
  const api = await startApi({});
  const env = { MEDIADOCK_DATA_DIR: await folder(), MEDIADOCK_PORT: new URL(api.url).port, MEDIADOCK_SANDBOX: 'off' };
  const { ended, err } = start(['serve'], env);
  expect(await ended).toBe(1);
  expect(await err).toContain('EADDRINUSE');
});
