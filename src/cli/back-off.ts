import { isConnectionError } from './api.ts';
import { Refusal, Unreachable } from './failures.ts';
import type { World } from './world.ts';

const firstMs = 1000;
const mostMs = 30_000;

/**
 * Does work that goes on until the person stops it, again and again while the server is away: after a second, two, four, up
 * to thirty.
 * @param work calls `worked` when the server has answered, and the next pause is a short one again
 * @throws what is not the server's absence
 */
export async function backingOff(
  { signal, pause }: Pick<World, 'signal' | 'pause'>,
  note: (line: string) => void,
  work: (worked: () => void) => Promise<void>,
): Promise<never> {
  for (let wait = firstMs; ; wait = Math.min(mostMs, wait * 2)) {
    try {
      await work(() => {
        wait = firstMs / 2;
      });
    } catch (error) {
      if (signal.aborted || !isAbsence(error)) throw error;
      if (wait <= firstMs) note(`${error.message}; it is tried again until it answers`);
    }
    await pause(wait);
  }
}

const isAbsence = (error: unknown): error is Error =>
  error instanceof Unreachable || isConnectionError(error) || (error instanceof Refusal && error.status >= 500);
