// Requests that are made once, however often they are sent. The unique index over marks decides who is first. What a caller
// chose as its key is never stored: only the digest of it and of who chose it.

import { createHash } from 'node:crypto';
import type { Millis } from '../../core/ids.ts';
import type { IdempotencyMark } from '../../core/records.ts';
import { dayMs } from '../retention.ts';
import type { Access } from '../schema.ts';

type Named = { caller: string; idempotencyKey: string };

/** How long an answer is given again. */
export const markedMs = dayMs;

const markOf = ({ caller, idempotencyKey }: Named): Uint8Array =>
  createHash('sha256')
    .update(JSON.stringify([caller, idempotencyKey]))
    .digest();

export async function beginIdempotent(
  { db, severalWriters }: Access,
  { fingerprint, now, staleMs, ...named }: Named & { fingerprint: string; now: Millis; staleMs: number },
): Promise<IdempotencyMark> {
  const mark = markOf(named);
  const begun = { fingerprint, begun_at: now, status: null, answer: null };
  const first = await db
    .insertInto('idempotency_marks')
    .values({ mark, ...begun })
    .onConflict((conflict) => conflict.column('mark').doNothing())
    .returning('key')
    .executeTakeFirst();
  if (first !== undefined) return { is: 'first' };
  const known = await db
    .selectFrom('idempotency_marks')
    .selectAll()
    .where('mark', '=', mark)
    .$if(severalWriters, (query) => query.forUpdate())
    .executeTakeFirst();
  // It went between the two statements: whoever held it has just failed, and this caller asks again.
  if (known === undefined) return { is: 'running' };
  const { key, status, answer } = known;
  const kept = now - (status === null ? staleMs : markedMs);
  if (known.begun_at <= kept) {
    await db.updateTable('idempotency_marks').set(begun).where('key', '=', key).execute();
    return { is: 'first' };
  }
  if (known.fingerprint !== fingerprint) return { is: 'other' };
  return status === null || answer === null ? { is: 'running' } : { is: 'done', status, answer };
}

export async function endIdempotent(
  { db }: Access,
  { end, ...named }: Named & { end: { status: number; answer: Uint8Array } | null },
): Promise<void> {
  const mark = markOf(named);
  if (end !== null) await db.updateTable('idempotency_marks').set(end).where('mark', '=', mark).execute();
  else await db.deleteFrom('idempotency_marks').where('mark', '=', mark).where('status', 'is', null).execute();
}
