// What webhooks did not bring: each hour the carriers that can list their messages are asked for what came in lately, and what is
// missing is accepted as if its webhook had come, with a journal entry of its own.
//
//   due        an hour after the last look that ended well; five minutes after one that failed; at once after a start
//   span       from two hours before the last look that ended well; at first as far as the connection says
//   steps      pages until the step's time is over; the next sweep goes on with the page after them
//
// Nothing of this is recorded, because nothing depends on it: whatever is looked at twice is a duplicate. So each node may look for itself.

import type { Account, Carrier, Carriers, Hop, HopAnswer, Listed } from '../core/carrier.ts';
import type { Clock, Millis } from '../core/ids.ts';
import type { Channel, Connection, Message } from '../core/model.ts';
import type { Page, Records } from '../core/records.ts';
import { OutgoingError, type Requester } from '../core/requester.ts';
import type { Sealer } from '../core/sealing.ts';
import type { Accounts, OpenConnection } from './accounts.ts';
import type { CarrierCopies } from './carrier-copies.ts';
import { requestReason } from './download.ts';
import { unitOf } from './intake.ts';
import { smallAnswer } from './small-answer.ts';

export type ReconcileReport = {
  connection: string;
  outcome: 'done' | 'goes_on' | 'failed';
  reason: string | null;
  listed: number;
  broughtIn: number;
};

export type Reconciliation = {
  /** One step for each connection that is due. */
  look(signal: AbortSignal): Promise<void>;
};

export type ReconcileParts = {
  records: Pick<Records, 'listConnections' | 'listChannels' | 'listMessages' | 'accept'>;
  accounts: Accounts;
  carriers: Carriers;
  requester: Pick<Requester, 'request'>;
  sealer: Sealer;
  copies: CarrierCopies;
  clock: Clock;
  publicUrl(): string;
  onWork(): void;
  report(report: ReconcileReport): void;
  onError(error: unknown, about: string): void;
  stepMs?: number;
};

/** Says in the journal that no webhook brought this. */
export const originHeader = 'mediadock-origin';

const minute = 60_000;
const everyMs = 60 * minute;
const afterFailureMs = 5 * minute;
const overlapMs = 120 * minute;
/** A webhook may still be on its way, tries again included. */
const leaveMs = 10 * minute;
const answerWithinMs = 30_000;
const pageBytes = 4 * 1024 * 1024;
const instance = { kind: 'instance' } as const;

type Progress = { dueAt: Millis; since: Millis; began: Millis; next: string | null };

export function reconciliation({ stepMs = 20_000, ...parts }: ReconcileParts): Reconciliation {
  const { records, clock, carriers } = parts;
  const progress = new Map<string, Progress>();

  async function lookAt(open: OpenConnection, carrier: Carrier, signal: AbortSignal): Promise<void> {
    const { recent } = carrier;
    const { connection, account } = open;
    const span = recent?.span(account) ?? 0;
    if (recent === null || span === 0) return void progress.delete(connection.id);
    const now = clock.now();
    const state = progress.get(connection.id) ?? { dueAt: now, since: now - span, began: now, next: null };
    progress.set(connection.id, state);
    if (state.dueAt > now) return;
    if (state.next === null) state.began = now;

    const channels = await channelsOf(connection.id);
    const until = performance.now() + stepMs;
    const counts = { listed: 0, broughtIn: 0 };
    const end = (outcome: ReconcileReport['outcome'], reason: string | null = null) =>
      parts.report({ connection: connection.id, outcome, reason, ...counts });
    do {
      const answer = await ask(recent.page(account, state.since, state.next), signal);
      const page = 'reason' in answer ? answer : recent.readPage(account, answer, clock.now());
      if ('reason' in page) {
        state.dueAt = clock.now() + afterFailureMs;
        return end('failed', page.reason);
      }
      for (const listed of page.listed) {
        const channel = channels.get(listed.address);
        if (channel === undefined || listed.sentAt > state.began - leaveMs) continue;
        counts.listed += 1;
        const missed = await bringIn(listed, channel, open, carrier, signal);
        if (typeof missed === 'string') {
          state.dueAt = clock.now() + afterFailureMs;
          return end('failed', missed);
        }
        if (missed) counts.broughtIn += 1;
      }
      state.next = page.next;
    } while (state.next !== null && performance.now() < until && !signal.aborted);
    if (state.next !== null) return end('goes_on');
    state.since = state.began - overlapMs;
    state.dueAt = state.began + everyMs;
    end('done');
  }

  /** @returns whether it was missing, or why it could not be brought in */
  async function bringIn(
    listed: Listed,
    channel: Channel,
    { connection, account }: OpenConnection,
    carrier: Carrier,
    signal: AbortSignal,
  ): Promise<boolean | string> {
    const known = await messageOf(listed, channel);
    if (known !== undefined) {
      await dropCopies(known, channel, account, carrier, signal);
      return false;
    }
    const more = listed.more === null ? null : await ask(listed.more, signal);
    if (more !== null && 'reason' in more) return more.reason;
    const webhook = carrier.recent?.webhook(account, listed, more, clock.now());
    if (webhook === undefined) return false;
    if ('reason' in webhook) return webhook.reason;
    const url = new URL(`${parts.publicUrl()}/in/${connection.id}`);
    const request = { method: 'POST' as const, url, ...webhook };
    const updates = carrier.parse(request, account, clock.now());
    const unit = unitOf(connection.id, request, carrier.journalHeaders, updates, clock.now());
    await records.accept([{ ...unit, headers: { ...unit.headers, [originHeader]: 'reconciliation' } }]);
    parts.onWork();
    return true;
  }

  /** The genuine message that is here already. */
  async function messageOf({ carrierMessageId }: Listed, channel: Channel): Promise<Message | undefined> {
    const filter = { carrierMessageId };
    const { rows } = await records.listMessages({ reach: instance, filter, page: { limit: 20, cursor: null } });
    return rows.find(({ channelId, verified }) => channelId === channel.id && verified);
  }

  /** Of files that are safe here, in case that was not done when they were captured. */
  async function dropCopies(
    { media }: Message,
    channel: Channel,
    account: Account,
    carrier: Carrier,
    signal: AbortSignal,
  ): Promise<void> {
    const channelSecrets = parts.sealer.open(channel.sealed);
    for (const { id, state, carrierMediaId, source } of media) {
      if (state !== 'stored') continue;
      const subject = { address: channel.address, carrierMediaId, source, account, channelSecrets };
      await parts.copies.drop(carrier, subject, id, signal);
    }
  }

  async function ask(hop: Hop | { reason: string }, signal: AbortSignal): Promise<HopAnswer | { reason: string }> {
    if ('reason' in hop) return hop;
    try {
      const { url, headers } = hop;
      const answer = await parts.requester.request({
        method: 'GET',
        url,
        headers,
        headersTimeoutMs: answerWithinMs,
        signal,
      });
      return await smallAnswer(answer, answerWithinMs, pageBytes);
    } catch (error) {
      if (!(error instanceof OutgoingError)) throw error;
      return { reason: requestReason(error) };
    }
  }

  /** The live channels of a connection by their addresses. */
  async function channelsOf(connectionId: string): Promise<Map<string, Channel>> {
    const found = new Map<string, Channel>();
    let cursor: string | null = null;
    do {
      const page: Page<Channel> = await records.listChannels({ reach: instance, page: { limit: 200, cursor } });
      for (const channel of page.rows) {
        if (channel.connectionId === connectionId && channel.state !== 'destroyed') found.set(channel.address, channel);
      }
      cursor = page.next;
    } while (cursor !== null);
    return found;
  }

  return {
    async look(signal) {
      let cursor: string | null = null;
      do {
        const { rows, next }: Page<Connection> = await records.listConnections({ page: { limit: 200, cursor } });
        for (const { id, carrier: name } of rows) {
          const carrier = carriers.get(name);
          if (carrier === undefined || carrier.recent === null || signal.aborted) continue;
          try {
            const open = await parts.accounts.of(id);
            if (open !== undefined) await lookAt(open, carrier, signal);
          } catch (error) {
            // What is wrong with one connection, such as secrets of a lost key, harms no other.
            parts.onError(error, `reconciliation of ${id}`);
          }
        }
        cursor = next;
      } while (cursor !== null);
    },
  };
}
