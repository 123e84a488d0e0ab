// What is tried again, and for how long. Two writers in each other's way look again at once, a few times. An outage (a
// restart, a fail-over, a lost connection) is waited out for about ten seconds; then the caller hears of it: intake answers
// 503 and the carrier sends again, a job's lease lapses and the work is done again.
//
// A transaction that did not reach its commit left nothing behind and may always be repeated. When the connection is lost
// during the commit itself, only commands that are safe to repeat are:
//   accept         the journal ids of the first try are looked up: what is there was stored
//   claim          leases of a claim that nobody heard of lapse; at worst those jobs wait that long
//   renew, release fenced by the attempt number; twice is once
//   settle         the first try has used the lease up, so the second says `stale`, and names no object that a row has
//   sweep          goes on where it stands
//   reads          change nothing
// Orders of operators and applications are not: repeated, a creation could create twice and a deletion could say that
// there was nothing. Their callers hear of the outage and look.

import { setTimeout as delay } from 'node:timers/promises';
import { isConflict, isOutage, UnknownOutcome } from './failure.ts';

export type Persistence = {
  /** @param again whether an earlier try may have been committed unheard */
  repeatable<Value>(attempt: (again: boolean) => Promise<Value>): Promise<Value>;
  once<Value>(attempt: () => Promise<Value>): Promise<Value>;
};

/** Waits before the tries after the first, in milliseconds. */
const outageWaits = [50, 100, 200, 400, 800, ...Array<number>(8).fill(1000)];
const conflictTries = 5;

/**
 * @param log is told when the database goes away and when it is back, not of every try
 * @param waits how long to wait before each further try in an outage, in milliseconds
 */
export function persistence(log: (line: object) => void, waits: readonly number[] = outageWaits): Persistence {
  let away = false;

  async function persist<Value>(attempt: (again: boolean) => Promise<Value>, repeatable: boolean): Promise<Value> {
    let outages = 0;
    let conflicts = 0;
    let again = false;
    for (;;) {
      try {
        const value = await attempt(again);
        if (away) {
          away = false;
          log({ notice: 'the database answers again' });
        }
        return value;
      } catch (error) {
        if (isConflict(error) && ++conflicts < conflictTries) continue;
        if (!isOutage(error)) throw error;
        if (!away) {
          away = true;
          log({
            warning: 'the database does not answer',
            error: error instanceof Error ? error.message : String(error),
          });
        }
        const unknown = error instanceof UnknownOutcome;
        const wait = waits[outages++];
        if (wait === undefined || (unknown && !repeatable)) throw error;
        again ||= unknown;
        await delay(wait);
      }
    }
  }

  return {
    repeatable: (attempt) => persist(attempt, true),
    once: (attempt) => persist(() => attempt(), false),
  };
}
