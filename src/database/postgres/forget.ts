// Forgetting by whole ranges. A range that is full, whose newest row is past its age and of which nothing is still open, is
// dropped. One that will be droppable within a day is spared until then, because deleting row by row what is about to go at
// once is work for nothing. What is neither goes row by row, as on every engine.
// Nothing may be left that refers to what was dropped: attempts go before their deliveries, deliveries before their events.

import type { Pool } from 'pg';
import type { Millis } from '../../core/ids.ts';
import type { RecordsSettings } from '../../core/records.ts';
import type { Spared } from '../ageing/step.ts';
import { dayMs } from '../retention.ts';
import { isTransient } from './failure.ts';
import { type CutTable, dropRange, type Range, ranges } from './partitions.ts';
import { type Tx, transaction, writing } from './transaction.ts';

/** Keys and times of neighbouring rows may be in another order by so much. */
const disorderMs = 3_600_000;

/** Lets one sweeper through. */
export const sweepTurnstile = "SELECT name FROM turnstiles WHERE name = 'sweep' FOR UPDATE";

// As the index over open deliveries has it.
const isOpen = "(state = 'pending' OR state = 'paused') AND part >= 0";
const within = (column: string, { from, to }: Range) => `${column} >= ${from} AND ${column} < ${to}`;

type Cut = {
  table: CutTable;
  time: string;
  /** A query that gives a row while something in the range must stay. `before`: what is older is past its age. */
  held(range: Range, before: Millis): string;
  /** Deletes at most so many rows that refer to the range; how many were deleted comes back as their number. */
  loosen?(range: Range, limit: number): string;
};

const cuts: readonly Cut[] = [
  { table: 'journal', time: 'received_at', held: ({ name }) => `SELECT FROM ${name} WHERE open = 1` },
  {
    table: 'attempts',
    time: 'at',
    held: (range, before) => `SELECT FROM deliveries WHERE ${isOpen} AND created_at < ${before} AND EXISTS (
      SELECT FROM attempts WHERE delivery_key = deliveries.key AND ${within('attempts.key', range)})`,
  },
  {
    table: 'deliveries',
    time: 'created_at',
    held: ({ name }) => `SELECT FROM ${name} WHERE ${isOpen}`,
    loosen: (range, limit) => `DELETE FROM attempts WHERE key IN (
      SELECT key FROM attempts WHERE ${within('delivery_key', range)} LIMIT ${limit}) RETURNING key`,
  },
  {
    table: 'events',
    time: 'at',
    held: (range) => `SELECT FROM deliveries WHERE ${isOpen} AND ${within('event_key', range)}`,
    loosen: (range, limit) => `WITH referring AS MATERIALIZED (
        SELECT key FROM deliveries WHERE ${within('event_key', range)} LIMIT ${limit}),
      tried AS (DELETE FROM attempts WHERE delivery_key IN (SELECT key FROM referring))
      DELETE FROM deliveries WHERE key IN (SELECT key FROM referring) RETURNING key`,
  },
];

/** Statement: notes for each app the last of its events that goes with a range. */
const noteForgotten = ({ name }: Range) => `UPDATE apps SET events_forgotten = gone.last
  FROM (SELECT key AS app, (SELECT max(key) FROM ${name} WHERE app_key = apps.key) AS last FROM apps) AS gone
  WHERE apps.key = gone.app AND gone.last > apps.events_forgotten`;

/**
 * Drops what may go whole, at most `limit` rows of what refers to it before.
 * @param log hears of what was dropped, and of a table that was too busy for it
 * @returns how many rows were deleted one by one, and the ranges that others are to leave alone
 */
export async function forgetRanges(
  pool: Pool,
  { keep }: RecordsSettings,
  { now, limit }: { now: Millis; limit: number },
  log: (line: object) => void,
): Promise<{ changed: number; spared: Spared }> {
  const spared = { journal: [] as Range[], events: [] as Range[] };
  let changed = 0;
  for (const cut of cuts) {
    const before = now - (cut.table === 'journal' ? keep.journalMs : keep.eventsMs);
    for (const range of (await transaction(pool, writing, (tx) => ranges(tx, cut.table))).filter(({ full }) => full)) {
      const judged = await transaction(pool, writing, (tx) => forget(tx, cut, range, before, limit - changed)).catch(
        (error: unknown) => {
          if (!isTransient(error)) throw error;
          log({ notice: 'a range of keys could not be dropped yet', range: range.name });
          return { is: 'spared', changed: 0 } as const;
        },
      );
      changed += judged.changed;
      if (judged.is === 'dropped') log({ notice: 'a range of keys was dropped', range: range.name });
      if (judged.is === 'spared' && (cut.table === 'journal' || cut.table === 'events')) spared[cut.table].push(range);
      if (judged.is === 'young') break;
    }
  }
  return { changed, spared };
}

async function forget(
  tx: Tx,
  { table, time, held, loosen }: Cut,
  range: Range,
  before: Millis,
  limit: number,
): Promise<{ is: 'young' | 'kept' | 'spared' | 'dropped'; changed: number }> {
  // One node at a time; another may have dropped it just before.
  await tx.rows(sweepTurnstile);
  const [still] = await tx.rows<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [range.name]);
  if (still?.there !== true) return { is: 'kept', changed: 0 };
  const [last] = await tx.rows<{ at: Millis }>(
    `SELECT ${time} AS at FROM ${table} WHERE ${within('key', range)} ORDER BY key DESC LIMIT 1`,
  );
  const newest = (last?.at ?? 0) + disorderMs;
  if (newest >= before + dayMs) return { is: 'young', changed: 0 };
  if ((await tx.rows(`${held(range, before)} LIMIT 1`)).length > 0) return { is: 'kept', changed: 0 };
  if (newest >= before) return { is: 'spared', changed: 0 };
  const loosened = loosen === undefined || limit <= 0 ? [] : await tx.rows(loosen(range, limit));
  if (loosen !== undefined && loosened.length >= limit) return { is: 'spared', changed: loosened.length };
  if (table === 'events') await tx.rows(noteForgotten(range));
  await dropRange(tx, range);
  return { is: 'dropped', changed: loosened.length };
}
