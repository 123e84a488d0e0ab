// Where an answer waits until somebody lets it go on. A test so decides how long a stall lasts, and needs no real time.

import { EventEmitter, once } from 'node:events';
import { defaultWaitMs } from './watched-list.ts';

export type Gates = {
  /** Waits until the name is released. @throws AbortError when the signal fires first */
  hold(name: string, signal: AbortSignal): Promise<void>;
  /** Lets everything go on that waits under this name now; what comes later waits again. */
  release(name: string): void;
  /** Resolves as soon as something waits under this name. @throws AbortError when the signal, by default 10 seconds, is over first */
  held(name: string, signal?: AbortSignal): Promise<void>;
};

export function gates(): Gates {
  const waiting = new Map<string, number>();
  const events = new EventEmitter().setMaxListeners(0);
  const count = (name: string, by: number): void => {
    const now = (waiting.get(name) ?? 0) + by;
    if (now > 0) waiting.set(name, now);
    else waiting.delete(name);
  };
  return {
    async hold(name, signal) {
      count(name, 1);
      events.emit(`held ${name}`);
      try {
        await once(events, `released ${name}`, { signal });
      } finally {
        count(name, -1);
      }
    },
    release(name) {
      events.emit(`released ${name}`);
    },
    async held(name, signal = AbortSignal.timeout(defaultWaitMs)) {
      if (!waiting.has(name)) await once(events, `held ${name}`, { signal });
    },
  };
}
