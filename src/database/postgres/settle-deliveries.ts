// Settling deliveries and removals. Endpoints are locked first, as everywhere, so that none resumes between our looking at it
// and our leaving a delivery to wait for that.

import type { Pool } from 'pg';
import type { DeliverySettlement, RecordsSettings, RemoveSettlement, Settled } from '../../core/records.ts';
import type { DeliveryState, EndpointState } from '../../core/states.ts';
import { pauseEndpoint } from '../administration/endpoints.ts';
import { handOver } from '../administration/hand-over.ts';
import { toStored } from '../stored-json.ts';
import { insertRows, type RowOf } from './insert.ts';
import { ledger, lockHeld, ofJobs } from './leases.ts';
import { transaction, writingOften } from './transaction.ts';

type Delivery = { key: number; app_key: number; endpoint_key: number; attempts: number };
type Moved = { key: number; state: DeliveryState; reason: string | null; state_at: number | null; attempts: number };

const endpointsOf = (lock: string) =>
  `SELECT key, state FROM endpoints WHERE key = ANY (${ofJobs('lane')}) ORDER BY key ${lock}`;
/** With the sockets to which something may be handed over. */
const endpointsAndSocketsOf = (lock: string) => `SELECT key, state FROM endpoints
  WHERE key = ANY (array(SELECT unnest(${ofJobs('lane')}) UNION SELECT socket.key FROM endpoints AS socket JOIN endpoints AS webhook
    ON webhook.app_key = socket.app_key AND webhook.dialect = socket.dialect AND webhook.key = ANY (${ofJobs('lane')})
    WHERE socket.transport = 'socket' AND socket.state <> 'deleted'))
  ORDER BY key ${lock}`;
const deliveriesOf = `SELECT key, app_key, endpoint_key, attempts FROM deliveries
  WHERE key = ANY (${ofJobs('subject')}) ORDER BY key FOR UPDATE`;
const move = `UPDATE deliveries SET state = given.state, reason = given.reason, attempts = given.attempts,
    state_at = coalesce(given.state_at, deliveries.state_at)
  FROM json_to_recordset($1::json) AS given (key bigint, state text, reason text, state_at bigint, attempts integer)
  WHERE deliveries.key = given.key`;

export const deliverySettler =
  (pool: Pool, settings: RecordsSettings) =>
  (units: readonly DeliverySettlement[]): Promise<Settled[]> =>
    transaction(pool, writingOften, async (tx) => {
      const jobs = units.map(({ job }) => job);
      // To be paused it is locked for that from the beginning: two who share a lock cannot both raise it.
      const pausing = units.some(({ result }) => result.to === 'pause_endpoint');
      const handing = units.some(({ result }) => result.to === 'dead' && result.handOver === true);
      const [endpoints, held, deliveries] = await Promise.all([
        tx.rows<{ key: number; state: EndpointState }>(
          (handing ? endpointsAndSocketsOf : endpointsOf)(pausing ? 'FOR UPDATE' : 'FOR SHARE'),
          [jobs],
        ),
        lockHeld(tx, 'deliver', units),
        tx.rows<Delivery>(deliveriesOf, [jobs]),
      ]);
      const states = new Map(endpoints.map(({ key, state }) => [key, state]));
      const rows = new Map(deliveries.map((row) => [row.key, row]));
      const attempts: RowOf<'attempts'>[] = [];
      const moved: Moved[] = [];
      const handed: { key: number; now: number }[] = [];
      const gone = new Map<number, { reason: string; now: number }>();
      const work = ledger('deliver');

      function settle({ job, at, ...tried }: DeliverySettlement): Settled {
        const lease = held.get(job);
        const delivery = lease && rows.get(lease.subject);
        if (lease === undefined || delivery === undefined) return { outcome: 'stale' };
        held.delete(job);
        const { key, app_key, endpoint_key } = delivery;
        const isActive = states.get(endpoint_key) === 'active';
        if (tried.log === null) {
          if (isActive) work.wait(job, tried.result.until);
          else {
            moved.push({ key, state: 'paused', reason: null, state_at: at, attempts: delivery.attempts });
            work.finish(job);
          }
          return { outcome: 'done' };
        }
        const { log, result } = tried;
        const number = delivery.attempts + 1;
        attempts.push({
          app_key,
          delivery_key: key,
          number,
          at: log.at,
          duration_ms: log.durationMs,
          status: log.status,
          fault: log.fault,
          body_sha256: log.bodySha256,
          body_length: log.bodyLength,
          answer: JSON.stringify({ error: log.error, reply: log.reply }),
        });
        // What went wrong in the gateway says nothing about the receiver.
        if (result.to === 'delivered') work.health(lease.lane, true);
        else if (log.fault === 'receiver') work.health(lease.lane, false);

        const reason = result.to === 'delivered' ? null : toStored(result.reason);
        if (result.to === 'retry' && isActive) {
          moved.push({ key, state: 'pending', reason, state_at: null, attempts: number });
          const last_reason = JSON.stringify(result.reason);
          work.retry({ key: job, due_at: result.at, failures: 1, last_reason, last_failed_at: at, memo: null });
          return { outcome: 'done' };
        }
        const state = result.to === 'delivered' || result.to === 'dead' ? result.to : 'paused';
        moved.push({ key, state, reason, state_at: at, attempts: number });
        work.finish(job);
        if (result.to === 'dead' && result.handOver === true) handed.push({ key, now: at });
        if (result.to === 'pause_endpoint') gone.set(endpoint_key, { reason: result.reason, now: at });
        return { outcome: 'done' };
      }

      const settled = units.map(settle);
      insertRows(tx, 'attempts', attempts);
      if (moved.length > 0) tx.send(move, [JSON.stringify(moved)]);
      work.write(tx);
      const access = { db: tx.db, settings, severalWriters: true };
      for (const { key, now } of handed) await handOver(access, key, now);
      for (const [key, { reason, now }] of gone) await pauseEndpoint(access, { key, reason, now });
      return settled;
    });

export const removalSettler =
  (pool: Pool) =>
  (units: readonly RemoveSettlement[]): Promise<Settled[]> =>
    transaction(pool, writingOften, async (tx) => {
      const held = await lockHeld(tx, 'remove', units);
      const removed: number[] = [];
      const work = ledger('remove');
      const settled = units.map(({ job, at, result }): Settled => {
        const lease = held.get(job);
        if (lease === undefined) return { outcome: 'stale' };
        if (result.to === 'removed') {
          work.finish(job);
          removed.push(lease.subject);
        } else {
          const last_reason = JSON.stringify(result.reason);
          work.retry({ key: job, due_at: result.at, failures: 1, last_reason, last_failed_at: at, memo: null });
        }
        return { outcome: 'done' };
      });
      work.write(tx);
      if (removed.length > 0)
        tx.send("DELETE FROM blobs WHERE key = ANY ($1::bigint[]) AND state = 'doomed'", [removed]);
      return settled;
    });
