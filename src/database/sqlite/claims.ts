// Claiming. What a claim costs depends on how many lanes have something ready and on how much it takes, never on how
// much waits:
//   1. what has become due is made ready, a bounded number by index; a lease that lapsed is ready again, and rests
//      after ten lapses, because then the work itself may be what kills its workers;
//   2. the lanes with something ready are found by hopping through an index from lane to lane;
//   3. those that yield come last, of the others those least recently served first, each with the places it has free;
//   4. places are dealt round robin, so that one lane takes them all only when no other wants them.

import type { DatabaseSync } from 'node:sqlite';
import type { Millis } from '../../core/ids.ts';
import type { Claimed, ClaimRequest, JobKind } from '../../core/records.ts';
import { type Job, probeEveryMs, promoted, restAfterLapses, urgentMs } from '../claiming.ts';
import { statement } from './statement.ts';

type JobRow = {
  key: number;
  subject: number;
  due_at: Millis;
  attempt: number;
  failures: number;
  memo: string | null;
};
type Lane = { lane: number; places: number; probe: number; yields: number };

/** Lanes of each kind that may be served at all, as joined to the lanes that have something ready. */
const open: Record<JobKind, string> = {
  capture: `JOIN channels ON channels.key = found.lane JOIN apps ON apps.key = channels.app_key
    WHERE apps.deleted_at IS NULL
      AND (channels.state = 'active' OR channels.state = 'paused' AND channels.probe_at <= :now)`,
  deliver: `JOIN endpoints ON endpoints.key = found.lane JOIN apps ON apps.key = endpoints.app_key
    WHERE apps.deleted_at IS NULL AND endpoints.state = 'active'
      AND (endpoints.transport <> 'socket' OR endpoints.key IN (SELECT value FROM json_each(:sockets)))`,
  remove: 'WHERE TRUE',
};

/** @param sockets keys of those that clients are connected to */
export function claimer(sqlite: DatabaseSync, kind: JobKind, sockets: ReadonlySet<number> = new Set()) {
  const makeReady = statement(
    sqlite,
    `UPDATE jobs SET state = 'ready' WHERE key IN (
       SELECT key FROM jobs WHERE kind = '${kind}' AND state = 'waiting' AND due_at <= ? ORDER BY due_at LIMIT ${promoted})`,
  );
  const takeBack = statement(
    sqlite,
    `UPDATE jobs SET state = iif(lapses + 1 >= ${restAfterLapses}, 'resting', 'ready'), lapses = lapses + 1 WHERE key IN (
       SELECT key FROM jobs WHERE kind = '${kind}' AND state = 'leased' AND due_at <= ? ORDER BY due_at LIMIT ${promoted})`,
  );
  const readyLanes = sqlite.prepare(
    `WITH RECURSIVE
       hop (lane) AS (
         SELECT min(lane) FROM jobs WHERE kind = '${kind}' AND state = 'ready'
         UNION ALL
         SELECT (SELECT min(lane) FROM jobs WHERE kind = '${kind}' AND state = 'ready' AND lane > hop.lane) FROM hop WHERE hop.lane IS NOT NULL),
       running AS MATERIALIZED (SELECT lane, count(*) AS jobs FROM jobs WHERE kind = '${kind}' AND state = 'leased' GROUP BY lane),
       found AS (
         SELECT hop.lane, coalesce(running.jobs, 0) AS jobs, coalesce(lanes.turn, 0) AS turn, coalesce(lanes.failures, 0) AS failures
         FROM hop
         LEFT JOIN running ON running.lane = hop.lane
         LEFT JOIN lanes ON lanes.kind = '${kind}' AND lanes.lane = hop.lane
         WHERE hop.lane IS NOT NULL),
       placed AS (
         SELECT found.lane, found.turn, ${kind === 'capture' ? "channels.state = 'paused'" : 'FALSE'} AS probe,
           iif(found.failures > 0, :failing, :healthy) - found.jobs AS places,
           found.lane IN (SELECT value FROM json_each(:yielding)) AS yields
         FROM found ${open[kind]})
     SELECT lane, probe, iif(probe, 1, places) AS places, yields FROM placed WHERE places > 0 ORDER BY yields, turn, lane LIMIT :free`,
  );
  const columns = 'key, subject, due_at, attempt, failures, memo';
  const urgent = statement<JobRow>(
    sqlite,
    `SELECT ${columns} FROM jobs WHERE kind = 'capture' AND state = 'ready' AND lane = ? AND deadline < ? ORDER BY deadline LIMIT ?`,
  );
  const newest = statement<JobRow>(
    sqlite,
    // Named, because the planner would rather sort a whole lane by the index of the urgent.
    `SELECT ${columns} FROM jobs INDEXED BY jobs_ready
     WHERE kind = 'capture' AND state = 'ready' AND lane = ? AND deadline >= ? ORDER BY key DESC LIMIT ?`,
  );
  const oldest = statement<JobRow>(
    sqlite,
    `SELECT ${columns} FROM jobs WHERE kind = '${kind}' AND state = 'ready' AND lane = ? ORDER BY key LIMIT ?`,
  );
  const lease = statement(sqlite, "UPDATE jobs SET state = 'leased', due_at = ?, attempt = attempt + 1 WHERE key = ?");
  const lastTurn = statement<{ turn: number }>(
    sqlite,
    `SELECT coalesce(max(turn), 0) AS turn FROM lanes WHERE kind = '${kind}'`,
  );
  const serve = statement(
    sqlite,
    `INSERT INTO lanes (kind, lane, turn, failures) VALUES ('${kind}', ?, ?, 0) ON CONFLICT (kind, lane) DO UPDATE SET turn = excluded.turn`,
  );
  const probed = statement(sqlite, 'UPDATE channels SET probe_at = ? WHERE key = ?');
  const rest = statement<{ left: number; due_at: Millis | null }>(
    sqlite,
    `SELECT EXISTS (SELECT 1 FROM jobs WHERE kind = '${kind}' AND state = 'ready') AS left, min(due_at) AS due_at FROM (
       SELECT min(due_at) AS due_at FROM jobs WHERE kind = '${kind}' AND state = 'waiting'
       UNION ALL SELECT min(due_at) FROM jobs WHERE kind = '${kind}' AND state = 'leased'
       ${kind === 'capture' ? `UNION ALL ${nextProbe}` : ''})`,
  );

  const parameters = (now: Millis) => {
    if (kind === 'capture') return { now };
    return kind === 'deliver' ? { sockets: JSON.stringify([...sockets]) } : {};
  };

  function inOrder(lane: number, places: number, now: Millis): JobRow[] {
    if (kind !== 'capture') return oldest.all(lane, places);
    const dropped = now + urgentMs;
    const first = urgent.all(lane, dropped, places);
    return first.length === places ? first : [...first, ...newest.all(lane, dropped, places - first.length)];
  }

  return ({ now, free, perLane, perFailingLane, leaseMs, yielding }: ClaimRequest): Claimed<Job> => {
    makeReady.run(now);
    takeBack.run(now);
    const named = {
      healthy: perLane,
      failing: perFailingLane,
      free,
      yielding: JSON.stringify(yielding?.lanes ?? []),
      ...parameters(now),
    };
    const lanes = free > 0 ? (readyLanes.all(named) as Lane[]) : [];
    const waiting = lanes.map(({ lane, places, yields }) => ({
      lane,
      yields: yields === 1,
      jobs: inOrder(lane, Math.min(places, free), now),
    }));
    const jobs = deal(waiting, free, yielding?.places ?? 0);
    for (const job of jobs) lease.run(now + leaseMs, job.job);
    const turn = lastTurn.get()?.turn ?? 0;
    const served = new Set(jobs.map((job) => job.lane));
    for (const [place, lane] of [...served].entries()) serve.run(lane, turn + 1 + place);
    // One that stood back is not a probe that was made.
    for (const { lane, probe } of lanes) if (probe && served.has(lane)) probed.run(now + probeEveryMs, lane);
    const { left, due_at: nextDue } = rest.get(...(kind === 'capture' ? [now] : [])) ?? { left: 0, due_at: null };
    return { jobs, left: left === 1, nextDue };
  };
}

// A probe that is due and was not made found no place; the next claim that a freed place causes will make it.
const nextProbe = `SELECT min(probe_at) FROM channels WHERE state = 'paused' AND probe_at > ?
  AND EXISTS (SELECT 1 FROM jobs WHERE kind = 'capture' AND state = 'ready' AND lane = channels.key)`;

type Waiting = { lane: number; yields: boolean; jobs: readonly JobRow[] };

/** One job from each lane in turn, until the places are full or nothing is left. */
function deal(lanes: readonly Waiting[], free: number, freeToYielding: number): Job[] {
  const dealt: Job[] = [];
  let toYielding = 0;
  const rounds = Math.max(0, ...lanes.map(({ jobs }) => jobs.length));
  for (let round = 0; round < rounds; round++) {
    for (const { lane, yields, jobs } of lanes) {
      const row = jobs[round];
      if (row === undefined || (yields && toYielding === freeToYielding)) continue;
      if (dealt.length === free) return dealt;
      if (yields) toYielding++;
      const { key, subject, due_at: readyAt, attempt, failures, memo } = row;
      dealt.push({ job: key, attempt: attempt + 1, lane, readyAt, subject, failures, memo });
    }
  }
  return dealt;
}
