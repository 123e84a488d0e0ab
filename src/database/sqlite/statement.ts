import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

/** A prepared statement with typed rows, for the commands that run thousands of times a second. */
export type Statement<Row> = {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
  /** @returns how many rows changed */
  run(...values: SQLInputValue[]): number;
  /** @returns the key of the inserted row */
  insert(...values: SQLInputValue[]): number;
};

/** Column types are the caller's word: the statement stands beside its type. */
export function statement<Row = Record<string, never>>(sqlite: DatabaseSync, text: string): Statement<Row> {
  const prepared = sqlite.prepare(text);
  return {
    get: (...values) => prepared.get(...values) as Row | undefined,
    all: (...values) => prepared.all(...values) as Row[],
    run: (...values) => Number(prepared.run(...values).changes),
    insert: (...values) => Number(prepared.run(...values).lastInsertRowid),
  };
}
