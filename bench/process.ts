// A process of its own for everything that is measured or that measures, so that none shares an event loop with another.
// The parent calls commands by name and gets their results; a child ends when its parent lets go of it, however that ends.

import { fork } from 'node:child_process';
import { once } from 'node:events';

export type Commands = Record<string, (argument: never) => unknown>;

export type Process<Known extends Commands> = {
  pid: number;
  call<Name extends keyof Known & string>(
    name: Name,
    ...argument: Parameters<Known[Name]>
  ): Promise<Awaited<ReturnType<Known[Name]>>>;
  /** Lets it close what it holds, and waits until it is gone. */
  stop(): Promise<void>;
};

export type Asked = { id: number; name: string; argument: unknown };
export type Answered = { id: number; value?: unknown; error?: string };

/** The longest that one command may take, starting included. */
const commandMs = 10 * 60_000;
const stopMs = 30_000;

export type ProcessOptions = { env?: Record<string, string>; flags?: readonly string[] };

/** Starts a file of `processes/` and waits until it serves. @throws when it ends before that */
export async function startProcess<Known extends Commands>(
  file: string,
  { env = {}, flags = [] }: ProcessOptions = {},
): Promise<Process<Known>> {
  const child = fork(new URL(`./processes/${file}.ts`, import.meta.url), [], {
    execArgv: [...flags],
    env: { PATH: process.env['PATH'] ?? '', ...env },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  child.on('message', ({ id, value, error }: Answered) => {
    if (error === undefined) waiting.get(id)?.resolve(value);
    else waiting.get(id)?.reject(new Error(`${file}: ${error}`));
    waiting.delete(id);
  });
  const gone = (cause: Error) => {
    for (const { reject } of waiting.values()) reject(cause);
    waiting.clear();
  };
  child.once('error', gone);
  child.once('exit', (code, signal) => gone(new Error(`the process ${file} ended with ${code ?? signal}`)));

  async function ask(name: string, argument: unknown): Promise<unknown> {
    const id = ++lastId;
    const answer = Promise.withResolvers<unknown>();
    waiting.set(id, answer);
    if (!child.send({ id, name, argument } satisfies Asked) && !child.connected) gone(new Error(`${file} is gone`));
    const timer = setTimeout(() => answer.reject(new Error(`${file} did not answer ${name} in time`)), commandMs);
    return await answer.promise.finally(() => clearTimeout(timer));
  }

  await ask('ready', undefined);
  return {
    pid: child.pid ?? 0,
    call: (name, ...[argument]) => ask(name, argument) as never,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit', { signal: AbortSignal.timeout(stopMs) });
      child.disconnect();
      await exit;
    },
  };
}
