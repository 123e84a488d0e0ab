import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Millis } from '../../core/ids.ts';
import type { Access } from '../schema.ts';

/** Keys whose rows are left alone, because an engine is about to drop them all at once: `from` on, before `to`. */
export type Spared = Readonly<Record<'journal' | 'events', readonly { from: number; to: number }[]>>;
export const nothingSpared: Spared = { journal: [], events: [] };

/** One step of ageing. @returns how many rows it changed, at most `limit` */
export type Step = (access: Access, now: Millis, limit: number, spared: Spared) => Promise<number>;

/** Whether the key of a row is outside of all these ranges. */
export function outside(ranges: Spared[keyof Spared]): Expression<SqlBool> {
  const each = ranges.map(({ from, to }): RawBuilder<SqlBool> => sql`(key < ${from} or key >= ${to})`);
  return each.length === 0 ? sql<SqlBool>`1 = 1` : sql.join(each, sql` and `);
}
