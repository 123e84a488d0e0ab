// Claiming. What a claim costs depends on how many lanes have something ready and on how much it takes, never on how much
// waits:
//   1. a turnstile lets one claim of a kind through at a time, over all nodes, so that a lane's limit holds for them together
//   2. what has become due is made ready, a bounded number by index; a lease that lapsed is ready again
//   3. the lanes with something ready are found by hopping through an index from lane to lane, those that yield last
//   4. each served lane gives its first jobs; rows that a settlement holds are skipped, never waited for
//   5. they are dealt round robin and leased
// Each step is a statement of its own: only a statement that begins after the turnstile sees what the claim before it did.
// All are sent together with the commit, so a claim is one round trip. Every step that bounds something is materialized,
// or the planner could take its limit for advice.

import type { Pool } from 'pg';
import type { Millis } from '../../core/ids.ts';
import type { Claimed, ClaimRequest, JobKind } from '../../core/records.ts';
import { type Job, probeEveryMs, promoted, restAfterLapses, urgentMs } from '../claiming.ts';
import { transaction, writingOften } from './transaction.ts';

type Dealt = {
  job: number;
  attempt: number;
  lane: number;
  ready_at: Millis;
  subject: number;
  failures: number;
  memo: string | null;
  place: number;
};

/** Lanes of each kind that may be served at all, each looked up by its key; `probe`: with one job only. */
const open: Record<JobKind, string> = {
  capture: `CROSS JOIN LATERAL (
      SELECT channels.state = 'paused' AS probe FROM channels JOIN apps ON apps.key = channels.app_key AND apps.deleted_at IS NULL
      WHERE channels.key = found.lane
        AND (channels.state = 'active' OR channels.state = 'paused' AND channels.probe_at <= $7::bigint) LIMIT 1) AS open`,
  deliver: `CROSS JOIN LATERAL (
      SELECT FALSE AS probe FROM endpoints JOIN apps ON apps.key = endpoints.app_key AND apps.deleted_at IS NULL
      WHERE endpoints.key = found.lane AND endpoints.state = 'active'
        AND (endpoints.transport <> 'socket' OR endpoints.key = ANY ($7::bigint[])) LIMIT 1) AS open`,
  remove: 'CROSS JOIN (SELECT FALSE AS probe) AS open',
};

const due = (kind: JobKind, state: 'waiting' | 'leased') => `WITH due AS MATERIALIZED (
    SELECT key FROM jobs WHERE kind = '${kind}' AND state = '${state}' AND due_at <= $1
    ORDER BY due_at LIMIT ${promoted} FOR UPDATE SKIP LOCKED)`;

/** The first jobs of each served lane, ranked; a lane of captures gives what is urgent first, then the newest. */
const candidates = (kind: JobKind) => {
  const first = (where: string, order: string) => `SELECT served.lane, served.turn, served.places, served.yields, job.*
    FROM served CROSS JOIN LATERAL (
      SELECT key, subject, due_at AS ready_at, failures, memo, deadline FROM jobs
      WHERE kind = '${kind}' AND state = 'ready' AND jobs.lane = served.lane ${where}
      ORDER BY ${order} LIMIT served.places FOR UPDATE SKIP LOCKED) AS job`;
  if (kind !== 'capture')
    return `ranked AS MATERIALIZED (SELECT oldest.*, row_number() OVER (PARTITION BY lane ORDER BY key) AS round
      FROM (${first('', 'jobs.key')}) AS oldest)`;
  return `
    urgent AS MATERIALIZED (${first('AND deadline < $7::bigint + $8::bigint', 'deadline')}),
    newest AS MATERIALIZED (${first('AND deadline >= $7::bigint + $8::bigint', 'jobs.key DESC')}),
    ranked AS MATERIALIZED (
      SELECT each.*, row_number() OVER (PARTITION BY lane ORDER BY class, CASE class WHEN 0 THEN deadline ELSE -key END) AS round
      FROM (SELECT 0 AS class, urgent.* FROM urgent UNION ALL SELECT 1, newest.* FROM newest) AS each)`;
};

const claim = (kind: JobKind) => `
  WITH RECURSIVE
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
      SELECT found.lane, found.turn, open.probe,
        CASE WHEN found.failures > 0 THEN $3::bigint ELSE $2::bigint END - found.jobs AS places,
        found.lane = ANY ($5::bigint[]) AS yields
      FROM found ${open[kind]}),
    served AS MATERIALIZED (
      SELECT lane, turn, probe, CASE WHEN probe THEN 1 ELSE least(places, $1::bigint) END AS places, yields
      FROM placed WHERE places > 0 ORDER BY yields, turn, lane LIMIT $1::bigint),
    ${candidates(kind)},
    allowed AS MATERIALIZED (
      SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY yields ORDER BY round, turn, lane) AS nth FROM ranked WHERE round <= places) AS each
      WHERE NOT yields OR nth <= $6::bigint),
    dealt AS MATERIALIZED (
      SELECT *, row_number() OVER (ORDER BY round, yields, turn, lane) AS place FROM allowed
      ORDER BY round, yields, turn, lane LIMIT $1::bigint),
    turned AS (
      INSERT INTO lanes (kind, lane, turn, failures)
      SELECT '${kind}', lane, (SELECT coalesce(max(turn), 0) FROM lanes WHERE kind = '${kind}') + place, 0
      FROM (SELECT lane, min(place) AS place FROM dealt GROUP BY lane) AS first ORDER BY lane
      ON CONFLICT (kind, lane) DO UPDATE SET turn = excluded.turn)
    ${
      kind === 'capture'
        ? `, probed AS (UPDATE channels SET probe_at = $7::bigint + $9::bigint WHERE key IN (
      SELECT dealt.lane FROM dealt JOIN served ON served.lane = dealt.lane AND served.probe))`
        : ''
    }
  UPDATE jobs SET state = 'leased', due_at = $4::bigint, attempt = attempt + 1
  FROM dealt WHERE jobs.key = dealt.key
  RETURNING jobs.key AS job, jobs.attempt, jobs.lane, dealt.ready_at, jobs.subject, jobs.failures, jobs.memo, dealt.place`;

// A probe that is due and was not made found no place; the next claim that a freed place causes will make it.
const nextProbe = `UNION ALL SELECT min(probe_at) FROM channels
  CROSS JOIN LATERAL (SELECT FROM jobs WHERE kind = 'capture' AND state = 'ready' AND lane = channels.key LIMIT 1) AS waiting
  WHERE channels.state = 'paused' AND channels.probe_at > $1`;

/** @param sockets keys of those that clients are connected to at this node */
export function claimer(pool: Pool, kind: JobKind, sockets: ReadonlySet<number>) {
  const turnstile = `SELECT FROM turnstiles WHERE name = '${kind}' FOR UPDATE`;
  const makeReady = `${due(kind, 'waiting')} UPDATE jobs SET state = 'ready' FROM due WHERE jobs.key = due.key`;
  const takeBack = `${due(kind, 'leased')} UPDATE jobs SET lapses = lapses + 1,
    state = CASE WHEN lapses + 1 >= ${restAfterLapses} THEN 'resting' ELSE 'ready' END FROM due WHERE jobs.key = due.key`;
  const lease = claim(kind);
  const rest = `SELECT EXISTS (SELECT FROM jobs WHERE kind = '${kind}' AND state = 'ready') AS left, min(due_at) AS due_at FROM (
      SELECT min(due_at) AS due_at FROM jobs WHERE kind = '${kind}' AND state = 'waiting'
      UNION ALL SELECT min(due_at) FROM jobs WHERE kind = '${kind}' AND state = 'leased'
      ${kind === 'capture' ? nextProbe : ''}) AS times`;

  return async (request: ClaimRequest): Promise<Claimed<Job>> => {
    const { now, free, perLane, perFailingLane, leaseMs, yielding = { lanes: [], places: 0 } } = request;
    const values: (number | number[])[] = [
      free,
      perLane,
      perFailingLane,
      now + leaseMs,
      yielding.lanes,
      yielding.places,
    ];
    if (kind === 'capture') values.push(now, urgentMs, probeEveryMs);
    if (kind === 'deliver') values.push([...sockets]);
    const claimed = await transaction(pool, writingOften, async (tx) => {
      tx.send(turnstile);
      tx.send(makeReady, [now]);
      tx.send(takeBack, [now]);
      const jobs = free > 0 ? tx.late<Dealt>(lease, values) : () => [];
      return { jobs, rest: tx.late<{ left: boolean; due_at: Millis | null }>(rest, kind === 'capture' ? [now] : []) };
    });
    const { left, due_at: nextDue } = claimed.rest()[0] ?? { left: false, due_at: null };
    return {
      jobs: claimed
        .jobs()
        .sort((a, b) => a.place - b.place)
        .map(({ ready_at: readyAt, place: _, ...job }) => ({ ...job, readyAt })),
      left,
      nextDue,
    };
  };
}
