// One transaction on one connection. Statements are sent without waiting for those before them, so a transaction costs
// two round trips: BEGIN with all that must be locked and read, then all that is written, with COMMIT.
// The server ends a transaction whose client has vanished after a while, because it holds locks and stops readers of events.

import {
  type CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import type { QueryResult as Answer, Pool, PoolClient } from 'pg';
import type { Db, Tables } from '../schema.ts';
import { isOutage, isUnprepared, sqlStateOf, UnknownOutcome } from './failure.ts';
import { ask, judgePlans } from './kept-plans.ts';
import { listsAsArrays } from './lists-as-arrays.ts';

export type Tx = {
  /** Sends a statement and waits for its rows, whose type is the caller's word. */
  rows<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Sends a statement whose rows are there once the transaction is committed. */
  late<Row>(text: string, values?: unknown[]): () => Row[];
  /** Sends a statement that gives nothing back; the commit waits for it, or `sent`. */
  send(text: string, values?: unknown[]): void;
  /** Waits for what was sent. @throws the first thing that went wrong */
  sent(): Promise<void>;
  /** What went wrong first: statements that follow a failed one fail only because of it. Forgets all that was sent. */
  causeOf(error: unknown): Promise<unknown>;
  /** The queries of the shared code, in this transaction. */
  db: Db;
};

// Every query has an index to go by. Left to itself the planner would read whole tables while it has no statistics of them
// yet, or old ones of a queue that has just filled; and it would compile queries, or start processes for them, that take less
// time than that.
const limits = `SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL statement_timeout = '60s';
  SET LOCAL enable_seqscan = off; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0`;
export const writing = `BEGIN; ${limits}`;
/** Sees one moment of the database. */
export const reading = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${limits}`;
/** Each statement sees what was committed before it. */
export const following = `BEGIN READ ONLY; ${limits}`;
// For what comes hundreds of times a second: it goes by keys that it is given, so one plan suits every value, and each row is
// looked up by itself. The other ways of joining and reading are for many rows, and with statistics as above there seem to be many.
const often = `SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_hashjoin = off;
  SET LOCAL enable_mergejoin = off; SET LOCAL enable_bitmapscan = off`;
export const writingOften = `${writing}; ${often}`;
export const readingOften = `${reading}; ${often}`;
export type Begin = typeof readingOften | typeof writing | typeof writingOften | typeof reading | typeof following;
const aborted = '25P02';
/** Whether it may be only because of an earlier error: a statement that was to be prepared then is not known afterwards. */
const follows = (error: unknown): boolean => sqlStateOf(error) === aborted || isUnprepared(error);

/**
 * Runs `work` in a transaction; whatever it throws rolls back.
 * @throws UnknownOutcome when the connection was lost during the commit
 */
export async function transaction<Value>(pool: Pool, begin: Begin, work: (tx: Tx) => Promise<Value>): Promise<Value> {
  const client = await pool.connect();
  const wire = wireOf(client);
  wire.failed.length = 0;
  let outstanding: Promise<unknown>[] = [];
  const note = (promise: Promise<unknown>): void => {
    promise.catch(() => {});
    outstanding.push(promise);
  };
  const taken = (): Promise<unknown>[] => {
    const some = outstanding;
    outstanding = [];
    return some;
  };
  const tx: Tx = {
    rows: async <Row>(text: string, values: unknown[] = []) => (await wire.ask(text, values)).rows as Row[],
    late<Row>(text: string, values: unknown[] = []) {
      let rows: Row[] = [];
      note(
        wire.ask(text, values).then((result) => {
          rows = result.rows as Row[];
        }),
      );
      return () => rows;
    },
    send: (text, values = []) => note(wire.ask(text, values)),
    sent: async () => void (await Promise.all(taken())),
    async causeOf(error) {
      await Promise.allSettled(taken());
      const all = wire.failed.splice(0);
      if (!follows(error)) return error;
      return all.find((one) => !follows(one)) ?? all.find(isUnprepared) ?? error;
    },
    db: wire.db,
  };

  let committing = false;
  try {
    note(client.query(begin));
    const value = await work(tx);
    if (begin !== writing && begin !== writingOften) {
      // Nothing depends on its end, so nobody waits for it.
      tx.sent().then(
        () => endReading(client),
        () => client.release(true),
      );
      return value;
    }
    committing = true;
    const commit = client.query('COMMIT');
    const [{ command }] = await Promise.all([commit, ...taken()]);
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back');
    client.release();
    return value;
  } catch (error) {
    const cause = await tx.causeOf(error);
    judgePlans(client, cause);
    await giveBack(client, cause);
    if (committing && isOutage(cause)) throw new UnknownOutcome('the connection was lost during a commit', { cause });
    throw cause;
  }
}

async function endReading(client: PoolClient): Promise<void> {
  try {
    await client.query('COMMIT');
    client.release();
  } catch {
    client.release(true); // What was read is with its caller; the connection is of no use any more.
  }
}

async function giveBack(client: PoolClient, cause: unknown): Promise<void> {
  if (isOutage(cause)) return client.release(true);
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch {
    client.release(true); // It could not even roll back; the server does when the connection goes.
  }
}

/** A connection as one transaction after the other uses it. */
type Wire = {
  ask(text: string, values: readonly unknown[]): Promise<Answer>;
  /** What went wrong, in the order in which the server said so: whoever waits for several hears of any of them first. */
  failed: unknown[];
  db: Db;
};

const wires = new WeakMap<PoolClient, Wire>();

function wireOf(client: PoolClient): Wire {
  const known = wires.get(client);
  if (known !== undefined) return known;
  const failed: unknown[] = [];
  const sent: Wire['ask'] = (text, values) => {
    const answer = ask(client, text, [...values]);
    answer.catch((error: unknown) => failed.push(error));
    return answer;
  };
  const wire = { ask: sent, failed, db: kyselyOn(sent) };
  wires.set(client, wire);
  return wire;
}

function kyselyOn(send: Wire['ask']): Db {
  const only = connection(send);
  return new Kysely<Tables>({
    plugins: [listsAsArrays],
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => ({
        init: () => Promise.resolve(),
        acquireConnection: () => Promise.resolve(only),
        releaseConnection: () => Promise.resolve(),
        beginTransaction: noTransactions,
        commitTransaction: noTransactions,
        rollbackTransaction: noTransactions,
        destroy: () => Promise.resolve(),
      }),
      createIntrospector: (some) => new PostgresIntrospector(some),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

const noTransactions = () => Promise.reject(new Error('whoever holds the connection begins and ends transactions'));

/**
 * The server takes no U+0000 in text. No text of these queries has one: ids have a form, and what people write goes as JSON.
 * So where there is one a stranger asks for something that is not here, and asks the same in other words.
 */
function askable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(askable);
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;
}

const connection = (send: Wire['ask']): DatabaseConnection => ({
  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { command, rowCount, rows } = await send(sql, parameters.map(askable));
    const changes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE';
    return { rows: rows as Row[], ...(changes && { numAffectedRows: BigInt(rowCount ?? 0) }) };
  },
  streamQuery() {
    throw new Error('rows are not streamed');
  },
});
