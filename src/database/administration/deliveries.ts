// Orders over deliveries. Those of a whole endpoint are two statements however many deliveries it has. A delivery that
// is pending has a job, and no other has; an attempt that is under way keeps its job, and its settling finds out
// that the endpoint has stopped meanwhile.

import { type SqlBool, sql } from 'kysely';
import type { Millis } from '../../core/ids.ts';
import type { Delivery, Reach } from '../../core/model.ts';
import type { DeliveryReason } from '../../core/reasons.ts';
import type { Moved } from '../../core/records.ts';
import { type DeliveryState, deliveryMoves, mayMove } from '../../core/states.ts';
import { keyWithin, within } from '../reads/reach.ts';
import type { Access, Db } from '../schema.ts';
import { deliveriesByKeys } from '../views/delivery.ts';

export async function replayDelivery(
  access: Access,
  { reach, id, now }: { reach: Reach; id: string; now: Millis },
): Promise<Moved<Delivery>> {
  const key = await keyWithin(access, 'deliveries', reach, id);
  if (key === undefined) return undefined;
  const row = await access.db
    .selectFrom('deliveries')
    .innerJoin('endpoints', 'endpoints.key', 'deliveries.endpoint_key')
    .select(['deliveries.state', 'endpoints.state as endpoint_state'])
    .where('deliveries.key', '=', key)
    .$if(access.severalWriters, (query) => query.forUpdate())
    .executeTakeFirstOrThrow();
  const changed =
    row.state === 'dead' && row.endpoint_state !== 'deleted' && mayMove(deliveryMoves, row.state, 'pending');
  if (changed) await resumeDeliveries(access, { key, from: 'dead' }, now);
  const delivery = (await deliveriesByKeys(access, [key])).get(key);
  return delivery && { changed, row: delivery };
}

export async function replayDead(
  access: Access,
  { reach, endpointId, now }: { reach: Reach; endpointId: string; now: Millis },
): Promise<number | undefined> {
  const endpoint = await access.db
    .selectFrom('endpoints')
    .innerJoin('apps', 'apps.key', 'endpoints.app_key')
    .select('endpoints.key')
    .where('endpoints.id', '=', endpointId)
    .where('endpoints.state', '<>', 'deleted')
    .where(within(reach))
    .$if(access.severalWriters, (query) => query.forShare('endpoints'))
    .executeTakeFirst();
  return endpoint && (await resumeDeliveries(access, { endpointKey: endpoint.key, from: 'dead' }, now));
}

/** Makes one delivery, or all of an endpoint, that are in state `from` pending and due now. @returns how many */
export async function resumeDeliveries(
  { db }: Access,
  which: ({ key: number } | { endpointKey: number }) & { from: DeliveryState },
  now: Millis,
): Promise<number> {
  const [column, value] =
    'key' in which ? (['key', which.key] as const) : (['endpoint_key', which.endpointKey] as const);
  const resumed = await db
    .updateTable('deliveries')
    .set({ state: 'pending', reason: null, state_at: now })
    .where(column, '=', value)
    .where('state', '=', which.from)
    .executeTakeFirst();
  await queuePending({ db }, column, [value], now);
  return Number(resumed.numUpdatedRows);
}

/** Queues those that are pending and have no job: what changed state between two statements gets neither too many nor none. */
export async function queuePending(
  { db }: Pick<Access, 'db'>,
  column: 'key' | 'endpoint_key',
  values: readonly number[],
  now: Millis,
): Promise<void> {
  await db
    .insertInto('jobs')
    .columns(['kind', 'lane', 'subject', 'state', 'due_at', 'created_at'])
    .expression(
      db
        .selectFrom('deliveries')
        .select([
          sql.lit('deliver').as('kind'),
          'endpoint_key',
          'key',
          sql.lit('ready').as('state'),
          sql.val(now).as('due_at'),
          sql.val(now).as('created_at'),
        ])
        .where(column, 'in', values)
        .where('state', '=', 'pending')
        .where(({ not, exists }) => not(exists(jobOf(db))))
        .orderBy('key'),
    )
    .execute();
}

const jobOf = (db: Db) =>
  db
    .selectFrom('jobs')
    .select('jobs.key')
    .where('jobs.kind', '=', 'deliver')
    .whereRef('jobs.subject', '=', sql.ref('deliveries.key'));

/** What an endpoint has not got yet waits, except what is being attempted right now. */
export async function pauseDeliveries(
  { db }: Pick<Access, 'db'>,
  endpointKey: number,
  reason: string,
  now: Millis,
): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ state: 'paused', reason: JSON.stringify(reason), state_at: now })
    .where('endpoint_key', '=', endpointKey)
    .where('state', '=', 'pending')
    .where(({ not, exists }) => not(exists(jobOf(db).where('jobs.state', '=', 'leased'))))
    .execute();
  await db
    .deleteFrom('jobs')
    .where('kind', '=', 'deliver')
    .where('state', '<>', 'leased')
    .where('subject', 'in', (q) =>
      q.selectFrom('deliveries').select('key').where('endpoint_key', '=', endpointKey).where('state', '=', 'paused'),
    )
    .execute();
}

/** The open deliveries of an endpoint, or those about some messages, will never be made. */
export async function killDeliveries(
  { db }: Pick<Access, 'db'>,
  which: { endpointKey: number } | { messageKeys: readonly number[] },
  reason: DeliveryReason,
  now: Millis,
): Promise<void> {
  const [column, values] =
    'endpointKey' in which
      ? (['endpoint_key', [which.endpointKey]] as const)
      : (['message_key', which.messageKeys] as const);
  if (values.length === 0) return;
  // Answers to those who asked for a file tell of its end, too.
  const isAnswer = sql<SqlBool>`exists (select 1 from events where events.key = deliveries.event_key and events.type = 'media.answered')`;
  const dies = 'endpointKey' in which ? sql<SqlBool>`1 = 1` : sql<SqlBool>`not ${isAnswer}`;
  // State by state, so that of an endpoint's many deliveries only the open ones are looked at.
  for (const state of ['pending', 'paused'] as const) {
    const open = db
      .selectFrom('deliveries')
      .select('key')
      .where(column, 'in', values)
      .where('state', '=', sql.lit(state))
      .where(dies);
    await db.deleteFrom('jobs').where('kind', '=', 'deliver').where('subject', 'in', open).execute();
    await db
      .updateTable('deliveries')
      .set({ state: 'dead', reason: JSON.stringify(reason), state_at: now })
      .where(column, 'in', values)
      .where('state', '=', sql.lit(state))
      .where(dies)
      .execute();
  }
}
