// The worker's side of a thread: batches come in, outcomes go out, one batch at a time and in order.

import { parentPort } from 'node:worker_threads';
import { type PackedFailure, packFailure } from './failure.ts';

export type Command = { name: string; request: unknown };
export type Outcome = { ok: true; value: unknown } | { ok: false; failure: PackedFailure };

export type ToWorker = { is: 'batch'; id: number; commands: Command[] } | { is: 'close' };
export type FromWorker =
  | { is: 'ready' }
  | { is: 'outcomes'; id: number; outcomes: Outcome[] }
  | { is: 'log'; line: object };

/** Begins to answer. `run` gives one outcome for each command and never throws for a single one. */
export function serve(run: (commands: readonly Command[]) => Promise<Outcome[]>, close: () => void): void {
  const port = parentPort;
  if (port === null) throw new Error('this file runs as a worker thread');
  const answer = async (message: ToWorker): Promise<void> => {
    if (message.is === 'close') {
      close();
      port.close();
      return;
    }
    port.postMessage({ is: 'outcomes', id: message.id, outcomes: await run(message.commands) } satisfies FromWorker);
  };
  let last = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    // A rejection here is a fault of this worker: it ends the thread, and the other side hears of it.
    last = last.then(() => answer(message));
  });
  port.postMessage({ is: 'ready' } satisfies FromWorker);
}

/** Tells the log of the main thread. */
export function tellLog(line: object): void {
  parentPort?.postMessage({ is: 'log', line } satisfies FromWorker);
}

/** Runs one command of a table. */
export async function outcomeOf(command: Command, run: (command: Command) => unknown): Promise<Outcome> {
  try {
    return { ok: true, value: await run(command) };
  } catch (error) {
    return { ok: false, failure: packFailure(error) };
  }
}

/** The command of this name in a table. @throws when there is none */
export function commandIn(table: object, name: string): (request: unknown, careful: boolean) => unknown {
  const found: unknown = Object.hasOwn(table, name) ? Reflect.get(table, name) : undefined;
  if (typeof found !== 'function') throw new Error(`the database knows no command ${name}`);
  return found as (request: unknown, careful: boolean) => unknown;
}
