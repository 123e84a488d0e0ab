import type { Insertable } from 'kysely';
import type { Tables } from '../schema.ts';
import type { Tx } from './transaction.ts';

export type RowOf<Table extends keyof Tables> = Insertable<Tables[Table]>;

/**
 * Inserts rows in their order: one statement and one parameter, however many they are. The rows travel as JSON, and the
 * table itself says the types of its columns.
 * @param columns those of the first row; every row has the same
 */
export function insertRows<Table extends keyof Tables>(tx: Tx, table: Table, rows: readonly RowOf<Table>[]): void {
  const [first] = rows;
  if (first === undefined) return;
  const columns = Object.keys(first).join(', ');
  tx.send(
    `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${table}, $1::json)`,
    [JSON.stringify(rows)],
  );
}
