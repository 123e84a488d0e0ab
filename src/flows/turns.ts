// Work that is dear goes on in few places at a time; who comes while all are taken waits in line, and the line has an end.

import { Fault } from '../core/faults.ts';

/** Runs the work when it is its turn. @throws Fault rate_limited when the line is full */
export type InTurn = <Done>(work: () => Promise<Done>) => Promise<Done>;

export function turns({ places, mostWaiting }: { places: number; mostWaiting: number }): InTurn {
  let free = places;
  const waiting: (() => void)[] = [];

  return async (work) => {
    if (free > 0) free--;
    else if (waiting.length < mostWaiting) await new Promise<void>((go) => waiting.push(go));
    else throw new Fault('rate_limited', { retryAfter: 1 });
    try {
      return await work();
    } finally {
      // A place goes to the next in line, and is not free in between.
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
