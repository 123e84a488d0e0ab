import { type Expression, expressionBuilder, sql } from 'kysely';
import type { Tables } from '../schema.ts';

/** Keys as a list, or as the query that finds them: then what refers to rows is loaded together with the rows. */
export type Keys = readonly number[] | Expression<number>;

/** Whether there is nothing to load, and so no query to make. */
export const isNone = (keys: Keys): boolean => Array.isArray(keys) && keys.length === 0;

/** What rows of a table refer to by a column. */
export function referredBy(table: 'deliveries' | 'messages', column: string, keys: Keys): Keys {
  if (isNone(keys)) return [];
  return expressionBuilder<Tables>()
    .selectFrom(table)
    .select(sql.ref<number>(column).as('referred'))
    .where('key', 'in', keys)
    .$asScalar();
}

/**
 * Loads rows by their keys and turns each into a word of the product.
 * @returns a map in the order of the rows; empty without a query when no key is asked for
 */
export async function byKey<Row extends { key: number }, Word, Some extends Keys>(
  keys: Some,
  load: (keys: Some) => Promise<Row[]>,
  view: (row: Row) => Word,
): Promise<Map<number, Word>> {
  if (isNone(keys)) return new Map();
  const rows = await load(keys);
  return new Map(rows.map((row) => [row.key, view(row)]));
}
