// kysely over node:sqlite: one connection, one thread. Transactions are not kysely's here: whoever owns the
// connection begins and ends them around whole commands.

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Db, Tables } from '../schema.ts';

/** Prepared statements kept; a query over a list of keys has as many texts as the list has lengths. */
const keptStatements = 400;

/** The queries of the shared code on this connection. */
export function kyselyOn(sqlite: DatabaseSync): Db {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => driver(connection(sqlite)),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

function connection(sqlite: DatabaseSync): DatabaseConnection {
  const statements = new Map<string, StatementSync>();
  const prepared = (text: string): StatementSync => {
    const known = statements.get(text);
    statements.delete(text);
    const statement = known ?? sqlite.prepare(text);
    statements.set(text, statement);
    const oldest = statements.keys().next().value;
    if (statements.size > keptStatements && oldest !== undefined) statements.delete(oldest);
    return statement;
  };
  return {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const statement = prepared(sql);
      const values = parameters as SQLInputValue[];
      if (statement.columns().length > 0) return { rows: statement.all(...values) as Row[] };
      const { changes, lastInsertRowid } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    },
    streamQuery() {
      throw new Error('rows are not streamed from SQLite');
    },
  };
}

const noTransactions = () => Promise.reject(new Error('the owner of the connection begins and ends transactions'));

const driver = (only: DatabaseConnection): Driver => ({
  init: () => Promise.resolve(),
  acquireConnection: () => Promise.resolve(only),
  releaseConnection: () => Promise.resolve(),
  beginTransaction: noTransactions,
  commitTransaction: noTransactions,
  rollbackTransaction: noTransactions,
  destroy: () => Promise.resolve(),
});
