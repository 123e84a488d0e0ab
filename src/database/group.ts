// Group commit by natural batching: while one batch runs, commands queue here; the next batch takes them all. Under load
// a commit, which costs a sync of the disk, is shared by everybody who waited; idle, nobody waits.

/** Most commands that share one commit, so that none waits long for its neighbours. */
const most = 256;

type Waiting<Command, Result> = {
  command: Command;
  resolve(value: Result): void;
  reject(error: unknown): void;
};

/** Hears of each batch that is over, whatever came of it. @param ms from the moment it was begun */
export type OnCommit = (commands: number, ms: number) => void;

/**
 * @param run gives one outcome for each command of a batch
 * @param lanes how many batches may run at the same time
 * @returns a function that runs one command, sharing its commit with others
 */
export function grouping<Command, Result>(
  run: (commands: Command[]) => Promise<PromiseSettledResult<Result>[]>,
  lanes = 1,
  onCommit?: OnCommit,
): (command: Command) => Promise<Result> {
  const queue: Waiting<Command, Result>[] = [];
  let working = 0;

  async function work(): Promise<void> {
    // Whatever is called in the same turn as the first command belongs to its batch.
    await Promise.resolve();
    while (queue.length > 0) await deliver(queue.splice(0, most));
    working--;
  }

  async function deliver(batch: readonly Waiting<Command, Result>[]): Promise<void> {
    const began = performance.now();
    try {
      const outcomes = await run(batch.map(({ command }) => command));
      for (const [at, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[at];
        if (outcome?.status === 'fulfilled') resolve(outcome.value);
        else reject(outcome ? outcome.reason : new Error('a batch gave no outcome'));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    onCommit?.(batch.length, performance.now() - began);
  }

  return (command) =>
    new Promise((resolve, reject) => {
      queue.push({ command, resolve, reject });
      if (working === lanes) return;
      working++;
      void work();
    });
}
