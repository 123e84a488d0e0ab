// When a delivery is tried again, and when we give up. Customers' faults end in a dead letter that can be replayed.

import type { NextTry } from './dialect.ts';
import type { Millis } from './ids.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Waits after the first, second, … failed attempt, in milliseconds. */
const waits = [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 10 * hour];
const afterwards = 12 * hour;
/** How long a delivery is tried, from its creation or its last replay. */
export const deliveryLife = 7 * day;
const longestRetryAfter = day;

export type DeliveryVerdict =
  | { to: 'delivered' }
  | { to: 'retry'; at: Millis; reason: string }
  | { to: 'dead'; reason: string }
  | { to: 'pause_endpoint'; reason: string };

export type AttemptOutcome = {
  /** null: there was no answer. */
  status: number | null;
  error: string | null;
  retryAfterMs: number | null;
};

/**
 * What follows an attempt.
 * @param failures failed attempts before this one, since creation or replay
 * @param began when this round of attempts began
 * @param nextTry the dialect's own schedule, by failed attempts counted from 1; what it names itself has no end by age
 * @param chance 0 to 1; spreads retries over the last tenth of a wait
 */
export function judgeAttempt(
  outcome: AttemptOutcome,
  failures: number,
  began: Millis,
  nextTry: (failures: number) => NextTry,
  now: Millis,
  chance: number,
): DeliveryVerdict {
  const { status } = outcome;
  if (status !== null && status >= 200 && status < 300) return { to: 'delivered' };
  if (status === 410) return { to: 'pause_endpoint', reason: 'receiver_gone' };
  const reason = status === null ? (outcome.error ?? 'no answer') : `HTTP ${status}`;
  const next = nextTry(failures + 1);
  if (next === 'none') return { to: 'dead', reason };
  const wait = next === 'native' ? (waits[failures] ?? afterwards) : next.waitMs;
  const asked = Math.min(outcome.retryAfterMs ?? 0, longestRetryAfter);
  const at = now + Math.max(asked, Math.round(wait * (1 + chance / 10)));
  return next === 'native' && at > began + deliveryLife ? { to: 'dead', reason } : { to: 'retry', at, reason };
}

/** Wait before a frame that was lost is sent to whoever is connected then; a client that connects does not wait for it. */
export const frameRetryMs = (failures: number): number => Math.min(second * 2 ** Math.min(failures, 6), minute);
