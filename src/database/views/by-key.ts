/**
 * Loads rows by their keys and turns each into a word of the product.
 * @returns a map in the order of the rows; empty without a query when no key is asked for
 */
export async function byKey<Row extends { key: number }, Word>(
  keys: readonly number[],
  load: (keys: readonly number[]) => Promise<Row[]>,
  view: (row: Row) => Word,
): Promise<Map<number, Word>> {
  if (keys.length === 0) return new Map();
  const rows = await load(keys);
  return new Map(rows.map((row) => [row.key, view(row)]));
}
