// A lease, not a lock: a worker that dies says nothing, so a claim lapses by itself, and the attempt number is the fence
// that lets only the latest claim of a job say how it went. Opening the database frees nothing: other nodes may be at work,
// and what a former process held lapses within the length of a lease. Times are those of the nodes, so their clocks must
// agree to well within that length.

import type { Millis } from '../../core/ids.ts';
import type { JobKind, Lease } from '../../core/records.ts';
import type { Tx } from './transaction.ts';

/** A job whose lease is still held by who settles it. */
export type Held = { job: number; lane: number; subject: number };
export type Retry = {
  key: number;
  due_at: Millis;
  failures: 0 | 1;
  last_reason: string;
  last_failed_at: Millis;
  memo: string | null;
};

export const asRecords = (leases: readonly Lease[]): string =>
  JSON.stringify(leases.map(({ job, attempt }) => ({ job, attempt })));
const given = 'json_to_recordset($1::json) AS given (job bigint, attempt integer)';
const isHeld = "jobs.key = given.job AND jobs.attempt = given.attempt AND jobs.state = 'leased'";

/** Over leases as JSON, and until when; gives the keys of those that are still held. */
export const renew = `UPDATE jobs SET due_at = $2 FROM ${given} WHERE ${isHeld} RETURNING jobs.key`;
/** Over leases as JSON, and the time. */
export const release = `UPDATE jobs SET state = 'ready', due_at = $2 FROM ${given} WHERE ${isHeld}`;

/**
 * What the jobs that are settled are about, by their keys, $1; it never changes. An array, so that it is found first and then
 * looked up: as a join the planner may read all that an app has to find a few, as long as its statistics are old.
 */
export const ofJobs = (column: 'lane' | 'subject') =>
  `array(SELECT ${column} FROM jobs WHERE key = ANY ($1::bigint[]))`;

/** Locks the jobs of settlements, by their keys; one whose lease was lost is not among them. */
export async function lockHeld(tx: Tx, kind: JobKind, leases: readonly Lease[]): Promise<Map<number, Held>> {
  const rows = await tx.rows<Held>(
    `SELECT jobs.key AS job, jobs.lane, jobs.subject FROM jobs JOIN ${given} ON ${isHeld} WHERE jobs.kind = $2 ORDER BY jobs.key FOR UPDATE OF jobs`,
    [asRecords(leases), kind],
  );
  return new Map(rows.map((row) => [row.job, row]));
}

/** What settlements make of their jobs and lanes, written together. */
export function ledger(kind: JobKind) {
  const done: number[] = [];
  const retries: Retry[] = [];
  const waits: { key: number; due_at: Millis }[] = [];
  const worked = new Set<number>();
  const failures = new Map<number, number>();

  return {
    /** The work is done, or no longer wanted. */
    finish: (job: number): void => void done.push(job),
    retry: (retry: Retry): void => void retries.push(retry),
    /** Back until then, as if it had not been claimed. */
    wait: (key: number, due_at: Millis): void => void waits.push({ key, due_at }),
    /** How the other end of a lane behaves; a failing lane gets fewer places. */
    health(lane: number, works: boolean): void {
      if (works) worked.add(lane);
      if (works) failures.delete(lane);
      else failures.set(lane, (failures.get(lane) ?? 0) + 1);
    },
    write(tx: Tx): void {
      if (done.length > 0) tx.send('DELETE FROM jobs WHERE key = ANY ($1::bigint[])', [done]);
      if (retries.length > 0) tx.send(again, [JSON.stringify(retries)]);
      if (waits.length > 0) tx.send(backUntil, [JSON.stringify(waits)]);
      if (worked.size > 0) tx.send(recovered, [kind, [...worked]]);
      const failed = [...failures].sort(([a], [b]) => a - b).map(([lane, times]) => ({ lane, times }));
      if (failed.length > 0) tx.send(failing, [kind, JSON.stringify(failed)]);
    },
  };
}

const again = `UPDATE jobs SET state = 'waiting', due_at = given.due_at, failures = jobs.failures + given.failures,
    last_reason = given.last_reason, last_failed_at = given.last_failed_at, memo = given.memo
  FROM json_to_recordset($1::json) AS given (key bigint, due_at bigint, failures integer, last_reason text, last_failed_at bigint, memo text)
  WHERE jobs.key = given.key`;
const backUntil = `UPDATE jobs SET state = 'waiting', due_at = given.due_at
  FROM json_to_recordset($1::json) AS given (key bigint, due_at bigint) WHERE jobs.key = given.key`;
const recovered = `WITH failed AS MATERIALIZED (
    SELECT key FROM lanes WHERE kind = $1 AND lane = ANY ($2::bigint[]) AND failures > 0 ORDER BY lane FOR UPDATE)
  UPDATE lanes SET failures = 0 FROM failed WHERE lanes.key = failed.key`;
const failing = `INSERT INTO lanes (kind, lane, turn, failures)
  SELECT $1, lane, 0, times FROM json_to_recordset($2::json) AS given (lane bigint, times integer) ORDER BY lane
  ON CONFLICT (kind, lane) DO UPDATE SET failures = lanes.failures + excluded.failures`;
