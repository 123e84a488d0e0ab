// How far events may be read. A reader that has seen an event never looks before it again; so no event may appear behind
// one that was shown. With one writer, keys are given and committed in the same order. With several, a key that was given
// earlier may be committed later, and a reader must stop before it.
//
// So whoever will state events first announces from where: it takes a shared advisory lock whose number is the last key that
// was given so far; whatever keys it gets are higher. The lock ends with its transaction, however that ends. A reader
//   1. reads the last key that was given,
//   2. then reads which announcements stand, and
//   3. then reads events up to the lowest of all these numbers.
// Who is not in sight at 2 has either committed, and 3 sees it, or takes its keys after 1. Nobody ever waits.
//
// Comparing the numbers of transactions would do as well, but they are given in a whole cluster: then a long transaction in
// some other database of the same server would hold these readers up.

import { sql } from 'kysely';
import type { Access, Db } from './schema.ts';

// Marks the upper 16 of the 64 bits of an advisory lock; keys fit into the other 48.
const mark = 8207;

/** Statement: announces that events will be stated in this transaction. Before any of their keys is taken. */
export const announceEvents = `SELECT pg_advisory_xact_lock_shared((${mark}::bigint << 48) | last_value) FROM events_key_seq`;

const announced = `SELECT min(((classid::bigint & 65535) << 32) | objid::bigint) AS key FROM pg_locks
  WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = ${mark}
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** Announces for the shared queries; nothing to do where one writes alone. */
export async function willStateEvents({ db, severalWriters }: Access): Promise<void> {
  if (severalWriters) await sql.raw(announceEvents).execute(db);
}

/**
 * The last key up to which events may be read; undefined: all of them. Each statement of the transaction must see what was
 * committed before it, so its isolation is READ COMMITTED.
 */
export async function eventHorizon({ db, severalWriters }: Access): Promise<number | undefined> {
  if (!severalWriters) return undefined;
  const [given, standing] = await Promise.all([
    keyIn(db, 'SELECT last_value AS key FROM events_key_seq'),
    keyIn(db, announced),
  ]);
  return Math.min(given ?? 0, standing ?? Number.MAX_SAFE_INTEGER);
}

async function keyIn(db: Db, text: string): Promise<number | null> {
  const { rows } = await sql.raw<{ key: number | null }>(text).execute(db);
  return rows[0]?.key ?? null;
}
