// The main thread's side of a worker: batches of commands go in, outcomes come back. A worker that dies takes nothing
// with it silently: whatever was outstanding is rejected, and so is whatever comes after.

import { Worker } from 'node:worker_threads';
import type { Command, FromWorker, Outcome, ToWorker } from './serve.ts';

export type Thread = {
  /** One outcome for each command. @throws when the worker is dead or dies meanwhile */
  send(commands: Command[]): Promise<Outcome[]>;
  /** Ends the worker after what it was sent. */
  close(): Promise<void>;
};

/** Starts a worker and waits until it serves. `name` is how errors call it. @throws what stopped the worker from starting */
export async function startThread(
  name: string,
  url: URL,
  data: object,
  log: (line: object) => void,
  onDeath: (error: Error) => void,
): Promise<Thread> {
  // Flags of the process are its own: `node -e` has some that a worker's file may not have.
  const worker = new Worker(url, { workerData: data, name, execArgv: [] });
  const outstanding = new Map<number, PromiseWithResolvers<Outcome[]>>();
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let dead: Error | undefined;
  let closing = false;
  let lastId = 0;

  function die(cause: Error): void {
    if (dead !== undefined) return;
    dead = cause;
    started.reject(cause);
    for (const { reject } of outstanding.values()) reject(cause);
    outstanding.clear();
    if (!closing) onDeath(cause);
  }

  worker.on('message', (message: FromWorker) => {
    if (message.is === 'ready') return started.resolve();
    if (message.is === 'log') return log(message.line);
    outstanding.get(message.id)?.resolve(message.outcomes);
    outstanding.delete(message.id);
  });
  worker.on('error', (cause: Error) => die(new Error(`the ${name} died: ${cause.message}`, { cause })));
  worker.on('exit', (code) => {
    die(new Error(closing ? `the ${name} is closed` : `the ${name} ended with code ${code}`));
    ended.resolve();
  });
  await started.promise;

  const post = (message: ToWorker) => worker.postMessage(message);
  return {
    async send(commands) {
      if (dead !== undefined) throw dead;
      const id = ++lastId;
      const answer = Promise.withResolvers<Outcome[]>();
      outstanding.set(id, answer);
      try {
        post({ is: 'batch', id, commands });
      } catch (error) {
        outstanding.delete(id);
        throw error;
      }
      return await answer.promise;
    },

    async close() {
      closing = true;
      if (dead === undefined) post({ is: 'close' });
      await ended.promise;
    },
  };
}
