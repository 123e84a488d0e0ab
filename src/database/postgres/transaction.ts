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
import type { Pool, PoolClient } from 'pg';
import type { Db, Tables } from '../schema.ts';
import { isOutage, sqlStateOf, UnknownOutcome } from './failure.ts';

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
// yet, or old ones of a queue that has just filled; and it would compile queries that take less time than that.
const limits = `SET LOCAL idle_in_transaction_session_timeout = '20s'; SET LOCAL statement_timeout = '60s';
  SET LOCAL enable_seqscan = off; SET LOCAL jit = off`;
export const writing = `BEGIN; ${limits}`;
/** Sees one moment of the database. */
export const reading = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${limits}`;
/** Each statement sees what was committed before it. */
export const following = `BEGIN READ ONLY; ${limits}`;
export type Begin = typeof writing | typeof reading | typeof following;
const aborted = '25P02';

/**
 * Runs `work` in a transaction; whatever it throws rolls back.
 * @throws UnknownOutcome when the connection was lost during the commit
 */
export async function transaction<Value>(pool: Pool, begin: Begin, work: (tx: Tx) => Promise<Value>): Promise<Value> {
  const client = await pool.connect();
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
    rows: async <Row>(text: string, values: unknown[] = []) => (await client.query(text, values)).rows as Row[],
    late<Row>(text: string, values: unknown[] = []) {
      let rows: Row[] = [];
      note(
        client.query(text, values).then((result) => {
          rows = result.rows as Row[];
        }),
      );
      return () => rows;
    },
    send: (text, values = []) => note(client.query(text, values)),
    sent: async () => void (await Promise.all(taken())),
    async causeOf(error) {
      const ended = await Promise.allSettled(taken());
      if (sqlStateOf(error) !== aborted) return error;
      const first = ended.find((end) => end.status === 'rejected' && sqlStateOf(end.reason) !== aborted);
      return first?.status === 'rejected' ? first.reason : error;
    },
    db: kyselyOn(client),
  };

  let committing = false;
  try {
    note(client.query(begin));
    const value = await work(tx);
    if (begin !== writing) {
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

const known = new WeakMap<PoolClient, Db>();

function kyselyOn(client: PoolClient): Db {
  const made = known.get(client);
  if (made !== undefined) return made;
  const only = connection(client);
  const db = new Kysely<Tables>({
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
  known.set(client, db);
  return db;
}

const noTransactions = () => Promise.reject(new Error('whoever holds the connection begins and ends transactions'));

/**
 * The server takes no U+0000 in text. No text of these queries has one: ids have a form, and what people write goes as JSON.
 * So where there is one a stranger asks for something that is not here, and asks the same in other words.
 */
const askable = (value: unknown): unknown =>
  typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value;

const connection = (client: PoolClient): DatabaseConnection => ({
  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { command, rowCount, rows } = await client.query(sql, parameters.map(askable));
    const changes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE';
    return { rows: rows as Row[], ...(changes && { numAffectedRows: BigInt(rowCount ?? 0) }) };
  },
  streamQuery() {
    throw new Error('rows are not streamed');
  },
});
