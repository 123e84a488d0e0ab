// What follows a failed try to capture a media: the outcome table, as values.
//
//   transient        tried again with jitter until the carrier drops the file
//   expired_link     a fresh look-up decides, so it is tried again soon, from the look-up
//   unknown_media    10 s, 1 min, 10 min, 1 h, 6 h, 6 h, …; three media of a channel so within 10 minutes pause the channel
//   account          the channel pauses; the media keeps its tries and waits for the probe
//   permanent        unavailable

import type { HopFailure } from './carrier.ts';
import type { Millis } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { CaptureResult, ChannelMove } from './records.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

const unknownWaits = [10 * second, minute, 10 * minute, hour];
const unknownAfterwards = 6 * hour;
const longestWait = 15 * minute;
const longestRetryAfter = 24 * hour;
/** How often a paused channel is probed. */
export const probeEveryMs = 15 * minute;
const repeated = { times: 3, within: 10 * minute };

export type CaptureVerdict = { result: CaptureResult; channel: ChannelMove | null };

/**
 * @param failure why the try failed; `redirect_refused` and other faults of the way are transient
 * @param failures failures of this media before this one
 * @param deadline when the carrier drops the file
 * @param chance 0 to 1, spreads the retries
 * @param memo what the next try should know
 */
export function judgeCapture(
  failure: HopFailure,
  failures: number,
  deadline: Millis,
  now: Millis,
  chance: number,
  memo: JsonObject | null,
): CaptureVerdict {
  const after = (wait: number, counts: boolean): CaptureResult => {
    if (counts && now >= deadline) return { to: 'unavailable', reason: `carrier_deadline_passed: ${failure.reason}` };
    // The last try is made at the deadline, not after it.
    return {
      to: 'retry',
      at: Math.min(now + wait, Math.max(deadline, now + second)),
      reason: failure.reason,
      counts,
      memo,
    };
  };
  switch (failure.is) {
    case 'permanent':
      return { result: { to: 'unavailable', reason: failure.reason }, channel: null };
    case 'account':
      return {
        result: { to: 'retry', at: now, reason: failure.reason, counts: false, memo },
        channel: { to: 'paused', reason: failure.reason, probeAt: now + probeEveryMs },
      };
    case 'unknown_media':
      return {
        result: after(unknownWaits[failures] ?? unknownAfterwards, true),
        channel: {
          to: 'paused_if_repeated',
          reason: failure.reason,
          times: repeated.times,
          since: now - repeated.within,
          probeAt: now + probeEveryMs,
        },
      };
    case 'expired_link':
      return { result: after(jittered(failures, chance), true), channel: null };
    case 'transient': {
      // Half of the time that is left, at most a day: who asks for more would have us come when the file is gone.
      const asked = Math.min(failure.retryAfterMs ?? 0, longestRetryAfter, (deadline - now) / 2);
      return { result: after(Math.max(Math.round(asked), jittered(failures, chance)), true), channel: null };
    }
  }
}

/** 1 s, 2 s, 4 s, … up to 15 minutes, each between half and the whole of it. */
function jittered(failures: number, chance: number): number {
  const whole = Math.min(second * 2 ** Math.min(failures, 20), longestWait);
  return Math.round(whole * (0.5 + chance / 2));
}
