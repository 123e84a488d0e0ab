import type { DatabaseSync } from 'node:sqlite';
import type { DeliverySettlement, RemoveSettlement, Settled } from '../../core/records.ts';
import type { DeliveryState, EndpointState } from '../../core/states.ts';
import { pauseEndpoint } from '../administration/endpoints.ts';
import { handOver } from '../administration/hand-over.ts';
import type { Access } from '../schema.ts';
import { toStored } from '../stored-json.ts';
import type { LeaseHolder } from './leases.ts';
import { statement } from './statement.ts';

type DeliveryRow = { app_key: number; endpoint_key: number; attempts: number; endpoint_state: EndpointState };

export function deliverySettler(sqlite: DatabaseSync, access: Access, leases: LeaseHolder) {
  const deliveryOf = statement<DeliveryRow>(
    sqlite,
    `SELECT deliveries.app_key, deliveries.endpoint_key, deliveries.attempts, endpoints.state AS endpoint_state
     FROM deliveries JOIN endpoints ON endpoints.key = deliveries.endpoint_key WHERE deliveries.key = ?`,
  );
  const insertAttempt = statement(
    sqlite,
    `INSERT INTO attempts (app_key, delivery_key, number, at, duration_ms, status, fault, body_sha256, body_length, answer)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const move = statement(
    sqlite,
    'UPDATE deliveries SET state = ?, reason = ?, state_at = ?, attempts = ? WHERE key = ?',
  );
  const failed = statement(sqlite, 'UPDATE deliveries SET reason = ?, attempts = ? WHERE key = ?');

  async function settle({ job, attempt, at, ...tried }: DeliverySettlement): Promise<Settled> {
    const held = leases.held('deliver', { job, attempt });
    const delivery = held && deliveryOf.get(held.subject);
    if (held === undefined || delivery === undefined) return { outcome: 'stale' };
    const { subject: key, lane } = held;
    const isActive = delivery.endpoint_state === 'active';
    if (tried.log === null) {
      if (isActive) leases.wait(job, tried.result.until);
      else {
        move.run('paused', null, at, delivery.attempts, key);
        leases.finish(job);
      }
      return { outcome: 'done' };
    }
    const { log, result } = tried;
    const number = delivery.attempts + 1;
    insertAttempt.run(
      delivery.app_key,
      key,
      number,
      log.at,
      log.durationMs,
      log.status,
      log.fault,
      log.bodySha256,
      log.bodyLength,
      JSON.stringify({ error: log.error, reply: log.reply }),
    );
    // What went wrong in the gateway says nothing about the receiver.
    if (result.to === 'delivered') leases.health('deliver', lane, true);
    else if (log.fault === 'receiver') leases.health('deliver', lane, false);

    if (result.to === 'retry' && isActive) {
      const { reason } = result;
      failed.run(toStored(reason), number, key);
      leases.retry(job, { at: result.at, reason, counts: true, failedAt: at, memo: null });
      return { outcome: 'done' };
    }
    const to: DeliveryState = result.to === 'delivered' || result.to === 'dead' ? result.to : 'paused';
    move.run(to, result.to === 'delivered' ? null : toStored(result.reason), at, number, key);
    leases.finish(job);
    if (result.to === 'pause_endpoint') {
      await pauseEndpoint(access, { key: delivery.endpoint_key, reason: result.reason, now: at });
    }
    if (result.to === 'dead' && result.handOver === true) await handOver(access, key, at);
    return { outcome: 'done' };
  }

  return async (units: readonly DeliverySettlement[]): Promise<Settled[]> => {
    const settled: Settled[] = [];
    for (const unit of units) settled.push(await settle(unit));
    return settled;
  };
}

export function removalSettler(sqlite: DatabaseSync, leases: LeaseHolder) {
  const forget = statement(sqlite, "DELETE FROM blobs WHERE key = ? AND state = 'doomed'");

  return (units: readonly RemoveSettlement[]): Settled[] =>
    units.map(({ job, attempt, at, result }) => {
      const held = leases.held('remove', { job, attempt });
      if (held === undefined) return { outcome: 'stale' };
      if (result.to === 'removed') {
        leases.finish(job);
        forget.run(held.subject);
      } else {
        leases.retry(job, { at: result.at, reason: result.reason, counts: true, failedAt: at, memo: null });
      }
      return { outcome: 'done' };
    });
}
