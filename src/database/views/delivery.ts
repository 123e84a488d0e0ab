import type { InferResult, Selectable } from 'kysely';
import type { Attempt, Delivery } from '../../core/model.ts';
import type { Access, Db, Tables } from '../schema.ts';
import { fromStored } from '../stored-json.ts';
import { byKey } from './by-key.ts';

const selectDelivery = (db: Db) =>
  db
    .selectFrom('deliveries')
    .innerJoin('apps', 'apps.key', 'deliveries.app_key')
    .innerJoin('events', 'events.key', 'deliveries.event_key')
    .innerJoin('endpoints', 'endpoints.key', 'deliveries.endpoint_key')
    .leftJoin('messages', 'messages.key', 'deliveries.message_key')
    .leftJoin('media', 'media.key', 'deliveries.media_key')
    .leftJoin('jobs', (join) => join.on('jobs.kind', '=', 'deliver').onRef('jobs.subject', '=', 'deliveries.key'))
    .select([
      'deliveries.key',
      'deliveries.id',
      'deliveries.part',
      'deliveries.state',
      'deliveries.reason',
      'deliveries.state_at',
      'deliveries.attempts',
      'deliveries.created_at',
      'deliveries.event_key',
      'deliveries.endpoint_key',
      'apps.id as app_id',
      'events.id as event_id',
      'events.type',
      'endpoints.id as endpoint_id',
      'messages.id as message_id',
      'media.id as media_id',
      'jobs.state as job_state',
      'jobs.due_at',
    ]);

export type DeliveryRow = InferResult<ReturnType<typeof selectDelivery>>[number];

export const toDelivery = (row: DeliveryRow): Delivery => ({
  key: row.key,
  id: row.id as Delivery['id'],
  appId: row.app_id as Delivery['appId'],
  eventId: row.event_id as Delivery['eventId'],
  eventType: row.type,
  endpointId: row.endpoint_id as Delivery['endpointId'],
  messageId: row.message_id as Delivery['messageId'],
  mediaId: row.media_id as Delivery['mediaId'],
  part: row.part,
  state: row.state,
  reason: fromStored<string>(row.reason),
  stateAt: row.state_at,
  attempts: row.attempts,
  // The due time of a leased job is the end of its lease: its attempt is under way.
  dueAt: row.job_state === 'waiting' || row.job_state === 'ready' ? row.due_at : null,
  createdAt: row.created_at,
});

export const deliveryRows = async ({ db }: Access, keys: readonly number[]): Promise<DeliveryRow[]> =>
  keys.length === 0 ? [] : await selectDelivery(db).where('deliveries.key', 'in', keys).execute();

/** Deliveries by key, in no order. */
export async function deliveriesByKeys(access: Access, keys: readonly number[]): Promise<Map<number, Delivery>> {
  return await byKey(keys, (some) => deliveryRows(access, some), toDelivery);
}

export function toAttempt(row: Selectable<Tables['attempts']>): Attempt {
  const { error, reply } = JSON.parse(row.answer) as { error: string | null; reply: string | null };
  return {
    number: row.number,
    at: row.at,
    durationMs: row.duration_ms,
    status: row.status,
    fault: row.fault,
    error,
    bodySha256: row.body_sha256,
    bodyLength: row.body_length,
    reply,
  };
}
