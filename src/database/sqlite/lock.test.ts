import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockFolder } from './lock.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'mediadock-lock-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

const program = `
  const { lockFolder } = await import(process.argv[1]);
  lockFolder(process.argv[2]);
  process.stdout.write('locked');
  setInterval(() => {}, 60_000);
`;

test('a second server is refused, and told which folder and what to do', async () => {
  const path = await folder();
  const lock = lockFolder(path);
  expect(() => lockFolder(path)).toThrow(`another mediadock server is running on the data folder ${path}; stop it`);
  lock.release();
  lockFolder(path).release();
});

test('the lock of another process holds while it lives and ends when it is killed', async () => {
  const path = await folder();
  const module = new URL('./lock.ts', import.meta.url).href;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program, module, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(holder, 'exit');
  await once(holder.stdout, 'data');
  expect(() => lockFolder(path)).toThrow('another mediadock server');
  holder.kill('SIGKILL');
  await exit;
  lockFolder(path).release();
});

test('an error of the file itself is not taken for another server', () => {
  expect(() => lockFolder('/nowhere/at/all')).toThrow(/unable to open/);
});
