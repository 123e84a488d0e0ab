// Backlogs stand back for what comes in now.
//
// A lane is behind when its jobs have waited. While others keep up, lanes that are behind work at a pace: together as many
// places as make so many jobs a second, by how long theirs take. Where a carrier is far away, that is every place there is;
// where it is near, their jobs would else keep this node's processors and its disk from everybody. Nobody stands back for
// nobody, and the pace is kept at the least, so that a backlog always shrinks.

import type { ClaimRequest } from '../core/records.ts';

/** A job that waited for longer than this had others before it. */
const behindMs = 1000;
/** For how long it counts what a lane took up. */
const recentMs = 2000;
/** How much of the mean the newest duration is. */
const weight = 0.1;

/** Times are milliseconds of a clock that never leaps. */
export type Yielding = {
  begins(lane: number, waitedMs: number, at: number): void;
  ends(lane: number, tookMs: number): void;
  /** Who stands back now, and how far. @param running the lane of each job that runs here */
  who(running: Iterable<number>, at: number): ClaimRequest['yielding'];
};

/** @param perSecond how many jobs a second those that are behind may do together, at the least; 0: nobody stands back */
export function yielding(perSecond: number): Yielding {
  /** When each lane last took up a job that had waited. */
  const behind = new Map<number, number>();
  let keptUpAt = Number.NEGATIVE_INFINITY;
  let meanMs: number | undefined;

  return {
    begins(lane, waitedMs, at) {
      if (waitedMs > behindMs) behind.set(lane, at);
      else if (!behind.has(lane)) keptUpAt = at;
    },

    ends(lane, tookMs) {
      if (behind.has(lane)) meanMs = meanMs === undefined ? tookMs : meanMs + (tookMs - meanMs) * weight;
    },

    who(running, at) {
      for (const [lane, since] of behind) if (at - since > recentMs) behind.delete(lane);
      if (behind.size === 0) meanMs = undefined;
      if (perSecond === 0 || meanMs === undefined || at - keptUpAt > recentMs) return undefined;
      const most = Math.max(1, Math.floor((perSecond * meanMs) / 1000));
      const taken = [...running].filter((lane) => behind.has(lane)).length;
      return { lanes: [...behind.keys()], places: Math.max(0, most - taken) };
    },
  };
}
