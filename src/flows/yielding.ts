// Backlogs stand back for what comes in now.
//
// A lane is behind when most of its jobs have waited; it keeps up when hardly any has. While others keep up, lanes that are
// behind work at a pace: together so many jobs a second, in as many places as make that, by how long theirs take. Where a carrier
// is far away, that is every place there is; where it is near, their jobs would else keep this node's processors and its disk
// from everybody. How long they take is known from the quickest of each lane: what many at once make each other wait must not earn
// them more places. Nobody stands back for nobody, nor because everybody has too much to do; one place is always left; and whoever
// stands back for long gets more: a backlog must not grow for ever beside processors that have nothing to do.

import type { ClaimRequest } from '../core/records.ts';

/** A job that waited for longer than this had others before it. */
const waitedMs = 1000;
/** One that waited for no longer than this had none. */
const promptMs = 200;
/** For how long it counts what a lane took up. */
const recentMs = 2000;
/** Which share of a lane's jobs has waited, when it is behind, and at the most, when it keeps up. */
const share = { behind: 0.5, keepingUp: 0.1 };
/** How much of that share the newest job is. */
const shareWeight = 0.2;
/** What sums of parts of a job may miss of a whole one. */
const rounding = 1e-6;
/** After so long the pace is doubled, after twice as long tripled, and so on. */
const patienceMs = 5 * 60_000;
/** How much of the mean duration the newest is. */
const meanWeight = 0.1;
/** What a lane's quickest job took is forgotten by so much with each that ends, because ways become longer too. */
const forgetting = 1.02;

/** Times are milliseconds of a clock that never leaps. */
export type Yielding = {
  begins(lane: number, waitMs: number, at: number): void;
  ends(lane: number, tookMs: number): void;
  /** Who stands back now, and how far. @param running the lane of each job that runs here */
  who(running: Iterable<number>, at: number): ClaimRequest['yielding'];
  /** After how long those that stand back may do more than was said last; undefined: not for want of time. */
  moreAfterMs(): number | undefined;
};

type Lane = { waited: number; begunAt: number; promptAt: number; quickestMs: number };

/** @param perSecond about how many jobs a second those that are behind may do together; 0: nobody stands back */
export function yielding(perSecond: number): Yielding {
  /** Those that took something up lately. */
  const lanes = new Map<number, Lane>();
  let meanMs = 0;
  let standingBackSince: number | undefined;
  /** How many jobs those that stand back may begin, as of `earnedAt`; they earn so many a second. */
  let earned = 0;
  let earnedAt = 0;
  let earning = perSecond;

  const isBehind = (lane: Lane): boolean => lane.waited > share.behind;
  const keepsUp = (lane: Lane, at: number): boolean => lane.waited <= share.keepingUp && at - lane.promptAt <= recentMs;

  return {
    begins(key, waitMs, at) {
      const has = waitMs > waitedMs ? 1 : 0;
      const lane = lanes.get(key) ?? {
        waited: has,
        begunAt: at,
        promptAt: Number.NEGATIVE_INFINITY,
        quickestMs: Number.POSITIVE_INFINITY,
      };
      lane.waited += (has - lane.waited) * shareWeight;
      lane.begunAt = at;
      if (standingBackSince !== undefined && isBehind(lane)) earned -= 1;
      if (waitMs <= promptMs) lane.promptAt = at;
      lanes.set(key, lane);
    },

    ends(key, tookMs) {
      const lane = lanes.get(key);
      if (lane === undefined) return;
      lane.quickestMs = Math.min(tookMs, lane.quickestMs * forgetting);
      if (isBehind(lane)) meanMs += (lane.quickestMs - meanMs) * meanWeight;
    },

    who(running, at) {
      for (const [key, lane] of lanes) if (at - lane.begunAt > recentMs) lanes.delete(key);
      const behind = new Set([...lanes].filter(([, lane]) => isBehind(lane)).map(([key]) => key));
      if (behind.size === 0) meanMs = 0;
      if (perSecond === 0 || behind.size === 0 || ![...lanes.values()].some((lane) => keepsUp(lane, at))) {
        standingBackSince = undefined;
        return undefined;
      }
      if (standingBackSince === undefined) earned = Number.POSITIVE_INFINITY;
      standingBackSince ??= at;
      const patience = 1 + Math.floor((at - standingBackSince) / patienceMs);
      const most = patience * Math.max(1, Math.floor((perSecond * meanMs) / 1000));
      earning = patience * perSecond;
      earned = Math.min(most, earned + ((at - earnedAt) * earning) / 1000);
      earnedAt = at;
      const taken = [...running].filter((key) => behind.has(key)).length;
      return { lanes: [...behind], places: Math.max(0, Math.min(most - taken, Math.floor(earned + rounding))) };
    },

    moreAfterMs: () =>
      standingBackSince === undefined || earned + rounding >= 1
        ? undefined
        : Math.ceil(((1 - earned) * 1000) / earning),
  };
}
