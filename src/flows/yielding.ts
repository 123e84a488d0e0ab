// Backlogs stand back for what comes in now.
//
// A lane is behind when its jobs have waited. While others keep up, lanes that are behind work at a pace: together as many
// places as make so many jobs a second, by how long theirs take. Where a carrier is far away, that is every place there is;
// where it is near, their jobs would else keep this node's processors and its disk from everybody. How long they take is
// known from the quickest of each lane: what many at once make each other wait must not earn them more places. Nobody stands
// back for nobody, one place is always left, and whoever stands back for long gets more: a backlog must not grow for ever beside
// processors that have nothing to do.

import type { ClaimRequest } from '../core/records.ts';

/** A job that waited for longer than this had others before it. */
const behindMs = 1000;
/** For how long it counts what a lane took up. */
const recentMs = 2000;
/** After so long the pace is doubled, after twice as long tripled, and so on. */
const patienceMs = 5 * 60_000;
/** How much of the mean the newest duration is. */
const weight = 0.1;
/** What a lane's quickest job took is forgotten by so much with each that ends, because ways become longer too. */
const forgetting = 1.02;

/** Times are milliseconds of a clock that never leaps. */
export type Yielding = {
  begins(lane: number, waitedMs: number, at: number): void;
  ends(lane: number, tookMs: number): void;
  /** Who stands back now, and how far. @param running the lane of each job that runs here */
  who(running: Iterable<number>, at: number): ClaimRequest['yielding'];
};

/** @param perSecond about how many jobs a second those that are behind may do together; 0: nobody stands back */
export function yielding(perSecond: number): Yielding {
  /** When each lane last took up a job that had waited, and what its quickest took. */
  const behind = new Map<number, { at: number; quickestMs: number }>();
  let keptUpAt = Number.NEGATIVE_INFINITY;
  let meanMs = 0;
  let standingBackSince: number | undefined;

  return {
    begins(lane, waitedMs, at) {
      if (waitedMs > behindMs)
        behind.set(lane, { at, quickestMs: behind.get(lane)?.quickestMs ?? Number.POSITIVE_INFINITY });
      else if (!behind.has(lane)) keptUpAt = at;
    },

    ends(lane, tookMs) {
      const known = behind.get(lane);
      if (known === undefined) return;
      known.quickestMs = Math.min(tookMs, known.quickestMs * forgetting);
      meanMs += (known.quickestMs - meanMs) * weight;
    },

    who(running, at) {
      for (const [lane, known] of behind) if (at - known.at > recentMs) behind.delete(lane);
      if (behind.size === 0) meanMs = 0;
      if (perSecond === 0 || behind.size === 0 || at - keptUpAt > recentMs) {
        standingBackSince = undefined;
        return undefined;
      }
      standingBackSince ??= at;
      const pace = Math.max(1, Math.floor((perSecond * meanMs) / 1000));
      const most = pace * (1 + Math.floor((at - standingBackSince) / patienceMs));
      const taken = [...running].filter((lane) => behind.has(lane)).length;
      return { lanes: [...behind.keys()], places: Math.max(0, most - taken) };
    },
  };
}
