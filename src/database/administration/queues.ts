// What waits for a client to connect: the deliveries of a socket. While nobody is connected none of them is claimed, because
// its lane is closed; a client that connects has them released one by one. A queue is bounded for each sender by number and
// for each delivery by age; what goes over is dead, never lost, and can be replayed.

import { type SqlBool, sql } from 'kysely';
import type { Millis } from '../../core/ids.ts';
import type { DeliveryReason } from '../../core/reasons.ts';
import type { Access } from '../schema.ts';
import { chunked } from './emit.ts';

/** The key of a live socket. */
export async function socketKey(access: Access, endpointId: string): Promise<number | undefined> {
  const row = await access.db
    .selectFrom('endpoints')
    .select('key')
    .where('id', '=', endpointId)
    .where('transport', '=', 'socket')
    .where('state', '<>', 'deleted')
    .$if(access.severalWriters, (query) => query.forShare())
    .executeTakeFirst();
  return row?.key;
}

type Trim = { perSender: number; olderThan: Millis; now: Millis };

export async function trimQueue(
  access: Access,
  { endpointId, ...trim }: Trim & { endpointId: string },
): Promise<number> {
  const key = await socketKey(access, endpointId);
  return key === undefined ? 0 : await trimSocket(access, key, trim, Number.MAX_SAFE_INTEGER);
}

/** Kills at most `limit` of what waits too long, or behind too much of the same sender. @returns how many */
export async function trimSocket(
  access: Access,
  socket: number,
  { perSender, olderThan, now }: Trim,
  limit: number,
): Promise<number> {
  const waiting = access.db
    .selectFrom('deliveries')
    .leftJoin('messages', 'messages.key', 'deliveries.message_key')
    .select(['deliveries.key', 'deliveries.state_at'])
    .select(
      sql<number>`row_number() over (partition by messages.conversation_key
        order by coalesce(messages.sent_at, deliveries.created_at) desc, deliveries.key desc)`.as('place'),
    )
    .where('deliveries.endpoint_key', '=', socket)
    .where('deliveries.state', '=', sql.lit('pending'))
    .as('waiting');
  const over = await access.db
    .selectFrom(waiting)
    .select(['key', 'state_at'])
    .where(({ or, eb }) => or([eb('state_at', '<', olderThan), eb('place', '>', perSender)]))
    .orderBy('key')
    .limit(limit)
    .execute();
  const { old = [], many = [] } = Object.groupBy(over, ({ state_at }) => (state_at < olderThan ? 'old' : 'many'));
  const kill = async (rows: typeof over, reason: DeliveryReason) =>
    await killWaiting(
      access,
      rows.map(({ key }) => key),
      reason,
      now,
    );
  return (await kill(old, 'queue_expired')) + (await kill(many, 'queue_full'));
}

/** What is being sent right now is left to end as it ends. */
async function killWaiting(
  { db, severalWriters }: Access,
  keys: readonly number[],
  reason: DeliveryReason,
  now: Millis,
): Promise<number> {
  let killed = 0;
  for (const some of chunked(keys)) {
    const jobs = db
      .selectFrom('jobs')
      .select(['key', 'subject'])
      .where('kind', '=', 'deliver')
      .where('subject', 'in', some)
      .where('state', '<>', 'leased');
    const waiting = await jobs
      .orderBy('key')
      .$if(severalWriters, (query) => query.forUpdate())
      .execute();
    if (waiting.length === 0) continue;
    const of = (column: 'key' | 'subject') => waiting.map((job) => job[column]);
    await db.deleteFrom('jobs').where('key', 'in', of('key')).execute();
    await db
      .updateTable('deliveries')
      .set({ state: 'dead', reason: JSON.stringify(reason), state_at: now })
      .where('key', 'in', of('subject'))
      .execute();
    killed += waiting.length;
  }
  return killed;
}

export async function releaseQueue(
  access: Access,
  { endpointId, now, spacingMs }: { endpointId: string; now: Millis; spacingMs: number },
): Promise<number> {
  const { db, severalWriters } = access;
  const socket = await socketKey(access, endpointId);
  if (socket === undefined) return 0;
  const waits = db
    .selectFrom('deliveries')
    .innerJoin('jobs', (join) => join.on('jobs.kind', '=', 'deliver').onRef('jobs.subject', '=', 'deliveries.key'))
    .leftJoin('messages', 'messages.key', 'deliveries.message_key')
    .where('deliveries.endpoint_key', '=', socket)
    .where('deliveries.state', '=', sql.lit('pending'))
    .where('jobs.state', 'in', ['ready', 'waiting'])
    .where(sql<SqlBool>`not ${isHeld}`);
  if (severalWriters) await waits.select('jobs.key').orderBy('jobs.key').forUpdate('jobs').execute();
  const turn = sql<number>`row_number() over (order by coalesce(messages.sent_at, deliveries.created_at), deliveries.key)`;
  const released = await db
    .updateTable('jobs')
    .from(waits.select(['jobs.key', turn.as('turn')]).as('queue'))
    .set({ state: 'waiting', due_at: sql<number>`${sql.lit(now)} + (queue.turn - 1) * ${sql.lit(spacingMs)}` })
    .whereRef('jobs.key', '=', 'queue.key')
    .executeTakeFirst();
  return Number(released.numUpdatedRows);
}

/** Whether a delivery that nobody has tried waits for the files of its message, and not for a client. */
const isHeld = sql`(jobs.state = 'waiting' and jobs.attempt = 0 and exists (
  select 1 from media where media.message_key = deliveries.message_key and media.state = 'pending'))`;
