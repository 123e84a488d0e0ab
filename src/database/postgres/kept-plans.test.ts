import type { Pool } from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openPool } from './connect.ts';
import { keepPlans } from './kept-plans.ts';
import { persistence } from './persistence.ts';
import { type Tx, transaction, writing } from './transaction.ts';

const { server } = inject('postgres');

type Prepared = { name: string; statement: string };
const square = 'SELECT $1::integer * $1::integer AS square';

function connection() {
  const clock = { ms: 0 };
  const stopped: string[] = [];
  const pool = openPool(server, 1, () => {});
  keepPlans(
    pool,
    ({ message }) => stopped.push(message),
    () => clock.ms,
  );
  onTestFinished(() => pool.end());
  const ask = (text: string, values: unknown[]) => transaction(pool, writing, (tx) => tx.rows(text, values));
  return { pool, clock, stopped, ask };
}

const prepared = async (pool: Pool): Promise<Prepared[]> =>
  (await pool.query<Prepared>('SELECT name, statement FROM pg_prepared_statements')).rows;

test('a statement that comes again is prepared, one that comes twice is not', async () => {
  const { pool, ask } = connection();
  for (let times = 0; times < 2; times++) await ask(square, [times]);
  expect(await prepared(pool)).toEqual([]);
  for (let times = 0; times < 9; times++) expect(await ask(square, [times])).toEqual([{ square: times * times }]);
  expect(await prepared(pool)).toMatchObject([{ statement: square }]);
});

test('of the many that people ask only some are kept', async () => {
  const { pool, ask } = connection();
  for (let times = 0; times < 4; times++)
    for (let n = 0; n < 200; n++) await ask(`SELECT $1::integer + ${n} AS sum`, [times]);
  expect((await prepared(pool)).length).toBe(150);
});

// The server may make them anew by itself, at a moment when much is changed in its catalogs by others.
test('plans that are older than a second, two, four and so on are made anew, for tables that have grown', {
  retry: 3,
}, async () => {
  const { pool, clock, ask } = connection();
  await pool.query('CREATE TEMPORARY TABLE growing (key bigint PRIMARY KEY, lane bigint)');
  await pool.query('CREATE INDEX ON growing (lane)');
  // Otherwise the server plans for each value as long as that seems cheaper than the plan that it keeps.
  await pool.query('SET plan_cache_mode = force_generic_plan');
  const first = 'SELECT key FROM growing WHERE lane = $1';
  const expectedRows = async (): Promise<number> => {
    await ask(first, [1]);
    const [{ name } = { name: '' }] = (await prepared(pool)).filter(({ statement }) => statement === first);
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE "${name}" (1)`);
    return Number(/rows=(\d+)/.exec(rows[0]?.['QUERY PLAN'] ?? '')?.[1]);
  };
  const grow = (from: number, to: number) =>
    pool.query(`INSERT INTO growing SELECT n, 1 FROM generate_series(${from}, ${to}) AS n`);
  for (let times = 0; times < 9; times++) await ask(first, [1]);
  const empty = await expectedRows();
  await grow(1, 20_000);
  clock.ms += 999;
  expect(await expectedRows()).toBe(empty);
  clock.ms += 1;
  const some = await expectedRows();
  expect(some).toBeGreaterThan(empty);
  await grow(20_001, 100_000);
  clock.ms += 1999;
  expect(await expectedRows()).toBe(some);
  clock.ms += 1;
  expect(await expectedRows()).toBeGreaterThan(some);
});

test('behind a pooler that forgets what was prepared the same is asked again, and nothing is prepared any more', async () => {
  const { pool, stopped, ask } = connection();
  for (let times = 0; times < 9; times++) await ask(square, [times]);
  // As a connection of the server to which somebody else's transactions went.
  await pool.query('DEALLOCATE ALL');
  const { once } = persistence(() => {}, []);
  const again = async (tx: Tx) => {
    tx.send(square, [6]);
    return await tx.rows(square, [7]);
  };
  expect(await once(() => transaction(pool, writing, again))).toEqual([{ square: 49 }]);
  for (let times = 0; times < 9; times++) await ask('SELECT $1::integer AS same', [times]);
  expect(await prepared(pool)).toEqual([]);
  expect(stopped).toEqual([expect.stringContaining('does not exist')]);
});

test('a transaction that fails for another reason stops nothing, though its later statements were never prepared', async () => {
  const { pool, stopped, ask } = connection();
  const division = 'SELECT 1 / $1::integer AS part';
  for (let times = 0; times < 2; times++) {
    await ask(square, [1]);
    await ask(division, [1]);
  }
  const failing = transaction(pool, writing, async (tx: Tx) => {
    tx.send(division, [0]);
    tx.send(square, [1]);
    tx.send(square, [2]);
    await tx.sent();
  });
  await expect(failing).rejects.toThrow('division by zero');
  expect(stopped).toEqual([]);
  for (let times = 0; times < 9; times++) expect(await ask(square, [3])).toEqual([{ square: 9 }]);
  expect(await prepared(pool)).toContainEqual(expect.objectContaining({ statement: square }));
});
