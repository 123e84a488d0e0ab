// Ageing: a bounded step at a time, so that nobody waits behind it; a full step is followed by the next at once.

import type { Clock } from '../core/ids.ts';
import type { Records } from '../core/records.ts';

export type Sweeper = {
  stop(): Promise<void>;
  sweepNow(): Promise<void>;
  /** A sweep, and then a look at the carriers, for which nobody who waits for a sweep should have to wait. */
  roundNow(): Promise<void>;
};

const stepRows = 500;
const everyMs = 60_000;

export function startSweeper(parts: {
  records: Pick<Records, 'sweep'>;
  clock: Clock;
  /** Looks for objects without a row; says whether removals were queued. */
  orphans(): Promise<boolean>;
  /** Looks for jobs that have come to rest. */
  suspects(): Promise<void>;
  /** Looks at carriers for what webhooks did not bring, and for copies that they were to drop. */
  upstream(signal: AbortSignal): Promise<void>;
  onWork(): void;
  onError(error: unknown, about: string): void;
}): Sweeper {
  let stopped = false;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let looking: Promise<void> = Promise.resolve();

  async function sweepAll(): Promise<void> {
    while (!stopped) {
      const { changed } = await parts.records.sweep({ now: parts.clock.now(), limit: stepRows });
      if (changed > 0) parts.onWork();
      if (changed < stepRows) break;
    }
    if (!stopped && (await parts.orphans())) parts.onWork();
    if (!stopped) await parts.suspects();
  }

  /** One sweep after another, never two at once. */
  function sweepNow(): Promise<void> {
    running = running.then(sweepAll).catch((error: unknown) => parts.onError(error, 'sweep'));
    return running;
  }

  /** Likewise: one that takes longer than a minute goes on, and the next waits for it. */
  async function roundNow(): Promise<void> {
    await sweepNow();
    looking = looking
      .then(async () => {
        if (!stopped) await parts.upstream(stopping.signal);
      })
      .catch((error: unknown) => parts.onError(error, 'carriers'));
    await looking;
  }

  const timer = setInterval(() => void roundNow(), everyMs);
  return {
    sweepNow,
    roundNow,
    async stop() {
      stopped = true;
      stopping.abort();
      clearInterval(timer);
      await running;
      await looking;
    },
  };
}
