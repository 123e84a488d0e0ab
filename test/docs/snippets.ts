// What a page shows, run as it stands there: blocks under `<!-- run: NAME -->` become files of a folder.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { watchedList } from '../../src/sandbox/watched-list.ts';

/** The blocks of a page that are to be run, by their file names. */
export function snippetsIn(page: string): Map<string, string> {
  const blocks = page.matchAll(/^<!-- run: (\S+) -->\n```\w+\n(.*?)^```$/gms);
  return new Map([...blocks].map(([, name = '', text = '']) => [name, text]));
}

/** A folder with the blocks of a page in it, and the packages of this clone. It goes with the test. */
export async function folderOf(page: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-snippets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of snippetsIn(await readFile(page, 'utf8'))) await writeFile(join(folder, name), text);
  return folder;
}

export type Program = {
  lines: ReturnType<typeof watchedList<string>>;
  /** Its exit code, and everything it said on standard error. */
  ended: Promise<{ code: number | null; complaints: string }>;
};

/** Runs a program in a folder; it ends with the test at the latest. */
export function run(folder: string, [command, ...args]: [string, ...string[]], env: Record<string, string>): Program {
  const child = spawn(command, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = watchedList<string>(1000);
  let complaints = '';
  createInterface(child.stdout).on('line', lines.add);
  child.stderr.on('data', (text: Buffer) => {
    complaints += text.toString();
  });
  // 'close' comes after the last line was read.
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, complaints }));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  return { lines, ended };
}
