import type { Answered, Asked, Commands } from './process.ts';

/**
 * Serves the commands of a child process, and ends the process when the parent lets go of it.
 * @param close gives back what the process holds; called once, at the end
 */
export function serveParent(commands: Commands, close: () => Promise<void> | void): void {
  const run = async (name: string, argument: unknown): Promise<unknown> => {
    if (name === 'ready') return null;
    const command = commands[name];
    if (command === undefined) throw new Error(`there is no command ${name}`);
    return await command(argument as never);
  };
  process.on('message', ({ id, name, argument }: Asked) => {
    run(name, argument).then(
      (value) => process.send?.({ id, value } satisfies Answered),
      (error: unknown) =>
        process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.once('disconnect', () => {
    void Promise.resolve(close()).finally(() => process.exit());
  });
}
