// Journal, events, deliveries and attempts are cut into ranges of their key. Ranges are made ahead of the keys, at every
// start and at every sweep, and a range whose rows may all go is dropped as a whole, which costs nothing and gives its room
// back at once.

import type { Pool } from 'pg';
import type { Tx } from './transaction.ts';

export type CutTable = 'journal' | 'events' | 'deliveries' | 'attempts';
export const cutTables: readonly CutTable[] = ['journal', 'events', 'deliveries', 'attempts'];

/** Keys from `from` on and before `to`. `full`: no row will be added any more. */
export type Range = { name: string; from: number; to: number; full: boolean };

/** Keys of one range. So few ranges are alive at a time that a search by something else than the key may look into each. */
export const rangeKeys = 5_000_000;
/** Ranges beyond the one that is being filled. */
const ahead = 1;

const rangesOf = (table: CutTable) => `
  SELECT child.relname AS name, bounds[1]::bigint AS "from", bounds[2]::bigint AS "to",
    bounds[2]::bigint <= (SELECT last_value FROM ${table}_key_seq) AS "full"
  FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid,
    regexp_match(pg_get_expr(child.relpartbound, child.oid), $$FROM \\('(\\d+)'\\) TO \\('(\\d+)'\\)$$) AS bounds
  WHERE inhparent = '${table}'::regclass ORDER BY 2`;

/** The ranges of a table, lowest first. */
export const ranges = (tx: Pick<Tx, 'rows'>, table: CutTable): Promise<Range[]> => tx.rows<Range>(rangesOf(table));

/**
 * Makes the ranges that will be needed next. Two nodes may do so at once; one of them finds it done.
 * @param keys of a new range
 */
export async function makeRanges(pool: Pool, keys = rangeKeys): Promise<void> {
  for (const table of cutTables) {
    const { rows } = await pool.query<Range>(rangesOf(table));
    const missing = ahead + 1 - rows.filter(({ full }) => !full).length;
    const from = Math.max(rows.at(-1)?.to ?? 0, await lastKey(pool, table));
    for (let n = 0; n < missing; n++) await makeRange(pool, table, from + n * keys, from + (n + 1) * keys);
  }
}

async function lastKey(pool: Pool, table: CutTable): Promise<number> {
  const { rows } = await pool.query<{ key: number }>(
    `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS key FROM ${table}_key_seq`,
  );
  return rows[0]?.key ?? 0;
}

// Whoever writes waits for this statement and it for whoever reads, so it gives up soon and the next sweep tries again.
const patience = "SET LOCAL lock_timeout = '2s'";

async function makeRange(pool: Pool, table: CutTable, from: number, to: number): Promise<void> {
  await pool.query(`BEGIN; ${patience};
    CREATE TABLE IF NOT EXISTS ${table}_${from} PARTITION OF ${table} FOR VALUES FROM (${from}) TO (${to}); COMMIT`);
}

/** Drops a range with all that is in it. */
export async function dropRange(tx: Tx, { name }: Range): Promise<void> {
  await tx.rows(patience);
  await tx.rows(`DROP TABLE ${name}`);
}
