// Where an answer waits until somebody lets it go on. A test so decides how long a stall lasts, and needs no real time.

import { EventEmitter, once } from 'node:events';
import { defaultWaitMs } from './watched-list.ts';

export type Gates = {
  /** Waits until the name is released. @throws the signal's reason when it fires first */
  hold(name: string, signal: AbortSignal): Promise<void>;
  /** Lets everything go on that waits under this name now; what comes later waits again. */
  release(name: string): void;
  /** Resolves as soon as something waits under this name. @throws AbortError when the signal, by default 10 seconds, is over first */
  held(name: string, signal?: AbortSignal): Promise<void>;
};

export function gates(): Gates {
  const waiting = new Map<string, Set<() => void>>();
  const arrivals = new EventEmitter().setMaxListeners(0);
  return {
    async hold(name, signal) {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const others = waiting.get(name) ?? new Set();
      waiting.set(name, others.add(resolve));
      const stop = (): void => {
        others.delete(resolve);
        reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      arrivals.emit(`held ${name}`);
      await promise;
      signal.removeEventListener('abort', stop);
    },
    release(name) {
      // Gone before they run, so that whoever asks next hears only of those that came after.
      const released = waiting.get(name) ?? [];
      waiting.delete(name);
      for (const go of released) go();
    },
    async held(name, signal = AbortSignal.timeout(defaultWaitMs)) {
      if (!waiting.get(name)?.size) await once(arrivals, `held ${name}`, { signal });
    },
  };
}
