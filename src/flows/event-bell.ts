// Tells those who wait for events that there are new ones. Commits poke it, and it looks for itself once a second, because
// another node commits too. Only whoever finds that the end of the events has moved wakes the others: most pokes are about
// something else. A waiter says what it had heard before it last read, so nothing falls between reading and waiting.

import type { Records } from '../core/records.ts';

export type EventBell = {
  /** There may be new events. */
  poke(): void;
  /** How often it has rung: to be read before the events are. */
  rings(): number;
  /** Resolves when it has rung more often than `heard`, after `limitMs`, when the signal is over, or when it is stopped. */
  next(heard: number, limitMs: number, signal: AbortSignal): Promise<void>;
  isStopped(): boolean;
  /** Lets everybody go; nobody waits from then on. */
  stop(): void;
};

export type EventBellParts = {
  records: Pick<Records, 'eventsEnd'>;
  onError(error: unknown, about: string): void;
  /** Between two looks while somebody waits, and at least between two that are poked for. */
  lookMs?: { idle: number; least: number };
};

export function eventBell({ records, onError, lookMs = { idle: 1000, least: 50 } }: EventBellParts): EventBell {
  const waiters = new Set<() => void>();
  let rings = 0;
  let end: string | undefined;
  let poked = false;
  let looking = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  function schedule(): void {
    if (looking || stopped || waiters.size === 0) return;
    const wait = lookedAt + (poked ? lookMs.least : lookMs.idle) - performance.now();
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(0, wait));
  }

  async function look(): Promise<void> {
    looking = true;
    poked = false;
    lookedAt = performance.now();
    try {
      const now = await records.eventsEnd();
      if (now !== end) ring();
      end = now;
    } catch (error) {
      onError(error, 'the end of the events');
    } finally {
      looking = false;
      schedule();
    }
  }

  function ring(): void {
    rings += 1;
    for (const wake of [...waiters]) wake();
  }

  return {
    poke() {
      poked = true;
      schedule();
    },
    rings: () => rings,
    isStopped: () => stopped,
    async next(heard, limitMs, signal) {
      if (rings !== heard || stopped || signal.aborted || limitMs <= 0) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiters.delete(wake);
          clearTimeout(limit);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const limit = setTimeout(wake, limitMs);
        signal.addEventListener('abort', wake);
        waiters.add(wake);
        schedule();
      });
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      for (const wake of [...waiters]) wake();
    },
  };
}
