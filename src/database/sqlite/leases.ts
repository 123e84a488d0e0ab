// A lease, not a lock: a worker that dies says nothing, so a claim lapses by itself. Work may therefore run twice; the
// attempt number is the fence that lets only the latest claim of a job say how it went.

import type { DatabaseSync } from 'node:sqlite';
import type { Millis } from '../../core/ids.ts';
import type { JobKind, Lease } from '../../core/records.ts';
import { restAfterLapses } from '../claiming.ts';
import { toStored } from '../stored-json.ts';
import { statement } from './statement.ts';

export type Retry = { at: Millis; reason: string; counts: boolean; failedAt: Millis; memo: string | null };

/** What claims of a former process hold is free again: this process is the only one that works on this database. */
export function voidLeases(sqlite: DatabaseSync): void {
  sqlite.exec(
    `UPDATE jobs SET state = iif(lapses + 1 >= ${restAfterLapses}, 'resting', 'ready'), lapses = lapses + 1 WHERE state = 'leased'`,
  );
}

export function leaseHolder(sqlite: DatabaseSync) {
  const prolong = statement(sqlite, "UPDATE jobs SET due_at = ? WHERE key = ? AND attempt = ? AND state = 'leased'");
  const giveBack = statement(
    sqlite,
    "UPDATE jobs SET state = 'ready', due_at = ? WHERE key = ? AND attempt = ? AND state = 'leased'",
  );
  const held = statement<{ lane: number; subject: number }>(
    sqlite,
    "SELECT lane, subject FROM jobs WHERE key = ? AND attempt = ? AND kind = ? AND state = 'leased'",
  );
  const remove = statement(sqlite, 'DELETE FROM jobs WHERE key = ?');
  const again = statement(
    sqlite,
    `UPDATE jobs SET state = 'waiting', due_at = ?, failures = failures + ?, last_reason = ?, last_failed_at = ?, memo = ? WHERE key = ?`,
  );
  const rest = statement(sqlite, "UPDATE jobs SET state = 'waiting', due_at = ? WHERE key = ?");
  const laneFailed = statement(
    sqlite,
    `INSERT INTO lanes (kind, lane, turn, failures) VALUES (?, ?, 0, 1) ON CONFLICT (kind, lane) DO UPDATE SET failures = failures + 1`,
  );
  const laneWorked = statement(sqlite, 'UPDATE lanes SET failures = 0 WHERE kind = ? AND lane = ? AND failures > 0');

  return {
    renew: ({ leases, until }: { leases: Lease[]; until: Millis }): number[] =>
      leases.flatMap(({ job, attempt }) => (prolong.run(until, job, attempt) === 0 ? [job] : [])),

    release({ leases, now }: { leases: Lease[]; now: Millis }): void {
      for (const { job, attempt } of leases) giveBack.run(now, job, attempt);
    },

    /** The job of a settlement; undefined when its lease was lost. */
    held: (kind: JobKind, { job, attempt }: Lease) => held.get(job, attempt, kind),

    /** The work is done, or no longer wanted. */
    finish(job: number): void {
      remove.run(job);
    },

    retry(job: number, { at, reason, counts, failedAt, memo }: Retry): void {
      again.run(at, counts ? 1 : 0, toStored(reason), failedAt, memo, job);
    },

    /** Back until then, as if it had not been claimed. */
    wait(job: number, until: Millis): void {
      rest.run(until, job);
    },

    /** How the other end of a lane behaves; a failing lane gets fewer places. */
    health(kind: JobKind, lane: number, works: boolean): void {
      if (works) laneWorked.run(kind, lane);
      else laneFailed.run(kind, lane);
    },
  };
}

export type LeaseHolder = ReturnType<typeof leaseHolder>;
