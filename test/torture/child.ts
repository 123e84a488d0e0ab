// A process that the torture runs beside itself: it is asked things and answers them, and it may die at any moment.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export type Exit = { code: number | null; signal: string | null };
export type Asked = { id: number; ask: string; given: unknown };
export type Answered = { id: number; answer: unknown } | { id: number; error: string };

export type Child = {
  /** What it said first, once it was ready. @throws when it ended before that, with what it wrote to stderr */
  ready: Promise<unknown>;
  exited: Promise<Exit>;
  /** @throws when it dies before it answers, or cannot do what was asked */
  ask(what: string, given?: unknown): Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
};

const mostComplaint = 16 * 1024;

/**
 * @param file beside this one
 * @param flags for node
 */
export function startChild(file: string, env: Record<string, string>, flags: string[] = []): Child {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
    execArgv: flags,
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  const ready = Promise.withResolvers<unknown>();
  let lastId = 0;
  let complaint = '';
  let ended = false;

  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-mostComplaint);
  });
  child.on('message', (message: Answered) => {
    const waiting = message.id === 0 ? ready : asked.get(message.id);
    if ('error' in message) waiting?.reject(new Error(message.error));
    else waiting?.resolve(message.answer);
    asked.delete(message.id);
  });
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    ended = true;
    const cause = new Error(`the process ended with ${signal ?? code}: ${complaint}`);
    ready.reject(cause);
    for (const { reject } of asked.values()) reject(cause);
    return { code, signal };
  });
  ready.promise.catch(() => {});

  return {
    ready: ready.promise,
    exited,
    async ask(ask, given = null) {
      if (ended) throw new Error('the process has ended');
      const id = ++lastId;
      const answer = Promise.withResolvers<unknown>();
      asked.set(id, answer);
      // A process that dies while this is under way is heard of by its end.
      child.send({ id, ask, given } satisfies Asked, () => {});
      return await answer.promise;
    },
    kill: (signal) => void child.kill(signal),
  };
}

/** The other side: says that it is ready, and answers what it is asked. It ends with its parent. */
export function answering(first: unknown, answers: Record<string, (given: never) => unknown>): void {
  const send = (message: Answered) => process.send?.(message);
  process.on('message', async ({ id, ask, given }: Asked) => {
    try {
      const run = answers[ask];
      if (run === undefined) throw new Error(`nobody here answers ${ask}`);
      send({ id, answer: (await run(given as never)) ?? null });
    } catch (error) {
      send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
  send({ id: 0, answer: first });
}
