// Group commit by natural batching: while the writer works on one batch, commands queue here; the next batch takes them
// all. Under load a commit, which costs a sync of the disk, is shared by everybody who waited; idle, nobody waits.

import { unpackFailure } from './failure.ts';
import type { Command, Outcome } from './serve.ts';

/** Most commands that share one commit, so that none waits long for its neighbours. */
const most = 256;

type Waiting = { command: Command; resolve(value: unknown): void; reject(error: unknown): void };

/** @returns a function that runs one command, sharing its commit with others */
export function grouping(send: (commands: Command[]) => Promise<Outcome[]>): (command: Command) => Promise<unknown> {
  const queue: Waiting[] = [];
  let working = false;

  async function work(): Promise<void> {
    // Whatever is called in the same turn as the first command belongs to its batch.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue.splice(0, most);
      await deliver(batch);
    }
    working = false;
  }

  async function deliver(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await send(batch.map(({ command }) => command));
      for (const [at, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[at];
        if (outcome?.ok) resolve(outcome.value);
        else reject(outcome ? unpackFailure(outcome.failure) : new Error('the writer gave no outcome'));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return (command) =>
    new Promise((resolve, reject) => {
      queue.push({ command, resolve, reject });
      if (working) return;
      working = true;
      void work();
    });
}
