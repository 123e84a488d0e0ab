// `mediadock serve` as a process of its own, which can be killed; the carrier and the application stay in the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { watchedList } from '../../src/sandbox/watched-list.ts';
import { adminKey, type LogLine } from './rig.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export type Exit = { code: number | null; signal: string | null };

export type ServerProcess = {
  /** Resolves to its address once it listens. @throws when it ends first, with what it said */
  ready: Promise<string>;
  exited: Promise<Exit>;
  stdout: ReturnType<typeof watchedList<string>>;
  /** Lines that are no log lines, too: what a person sees. */
  stderr: ReturnType<typeof watchedList<string>>;
  log: ReturnType<typeof watchedList<LogLine>>;
  kill(signal: NodeJS.Signals): Promise<Exit>;
};

/**
 * @param env beside what every process of these tests gets: a free port, no sandbox, this machine allowed
 * @param through a command that is given the server's as its last arguments
 */
export function startServer(
  folder: string,
  env: Record<string, string> = {},
  through: readonly string[] = [],
): ServerProcess {
  const [command = '', ...args] = [...through, process.execPath, cli, 'serve'];
  const child: ChildProcess = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      MEDIADOCK_PORT: '0',
      MEDIADOCK_SANDBOX: 'off',
      MEDIADOCK_DATA_DIR: folder,
      MEDIADOCK_ADMIN_KEY: adminKey,
      MEDIADOCK_RATE_PER_MINUTE: '0',
      MEDIADOCK_RATE_BURST_PER_SECOND: '0',
      MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
      ...env,
    },
  });
  const stdout = watchedList<string>(10_000);
  const stderr = watchedList<string>(10_000);
  const log = watchedList<LogLine>(100_000);
  if (child.stdout === null || child.stderr === null) throw new Error('the process has no streams');
  createInterface(child.stdout).on('line', stdout.add);
  createInterface(child.stderr).on('line', (line) => {
    if (line.startsWith('{')) log.add(JSON.parse(line));
    else stderr.add(line);
  });

  // 'close' comes after the last line was read.
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }));
  const listening = stdout.next((line) => line.includes(' is ready at '), AbortSignal.timeout(30_000));
  const ready = Promise.race([
    listening.then((line) => / is ready at (http:\S+?),/.exec(line)?.[1] ?? ''),
    exited.then(({ code }) => {
      throw new Error(`the server ended with ${code}: ${stderr.items.join('\n')}`);
    }),
  ]);
  ready.catch(() => {});
  return {
    ready,
    exited,
    stdout,
    stderr,
    log,
    kill(signal) {
      child.kill(signal);
      return exited;
    },
  };
}
