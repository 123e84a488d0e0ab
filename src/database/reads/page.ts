// A page is found by keys alone, newest first, and only then loaded: so a list costs what its page costs, however
// many rows stand behind it, and the rows come in a fixed number of queries.

import type { Page, PageRequest } from '../../core/records.ts';
import { cursorAfter, keyOf, type List } from '../cursor.ts';
import type { Owner } from './reach.ts';

/** Most rows that one page gives, whatever is asked for. */
const most = 1000;

export type KeysBefore = (owner: Owner, before: number, limit: number) => Promise<{ key: number }[]>;

/** At least one row, at most as many as a page may have. */
export const limitOf = (page: PageRequest): number => Math.min(Math.max(1, Math.trunc(page.limit)), most);

/** @throws Fault invalid_cursor */
export async function pageOf<Row>(
  list: List,
  page: PageRequest,
  owners: readonly Owner[],
  keysBefore: KeysBefore,
  load: (keys: readonly number[]) => Promise<Map<number, Row>>,
): Promise<Page<Row>> {
  const limit = limitOf(page);
  const before = keyOf(list, page.cursor) ?? Number.MAX_SAFE_INTEGER;
  const found: number[] = [];
  for (const owner of owners) {
    const rows = await keysBefore(owner, before, limit + 1);
    found.push(...rows.map((row) => row.key));
  }
  const keys = found.sort((a, b) => b - a).slice(0, limit);
  const words = await load(keys);
  const last = keys.at(-1);
  return {
    rows: keys.flatMap((key) => words.get(key) ?? []),
    next: found.length > limit && last !== undefined ? cursorAfter(list, last) : null,
  };
}
