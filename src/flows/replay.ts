// Reading the journal again, and telling an endpoint again. Both go in steps that end in time, because a span may hold
// millions: the caller comes back with where the step ended.
//
// A request is read again with the carrier's parser and the connection's settings of now: what nobody claimed finds the
// channel that was made since, what could not be read finds the parser that learnt it. It was verified when it came; one that
// was taken on trial is verified now, because the secret may have been mended since.

import type { Carriers } from '../core/carrier.ts';
import { Fault } from '../core/faults.ts';
import type { Clock, Millis } from '../core/ids.ts';
import type { Reach } from '../core/model.ts';
import type { AcceptOutcome, Records, ReplayScope } from '../core/records.ts';
import { asUnverified, unverifiedHeader } from '../core/trial.ts';
import type { Accounts } from './accounts.ts';
import { unitOf } from './intake.ts';

export type JournalReplay = Omit<AcceptOutcome, 'journalId' | 'ready'>;

export type Replays = {
  /** @throws Fault not_found, connection_unknown when its connection is gone, secrets_unreadable */
  request(id: string): Promise<JournalReplay>;
  /** A step over what is open: `solved`: nothing in them is open any more; `failed`: they could not be read again. */
  journal(
    only: 'unrouted' | 'unparsed',
    cursor: string | null,
  ): Promise<{ replayed: number; solved: number; failed: number; next: string | null }>;
  /** A step over the events of a span. @throws Fault not_found, invalid_cursor */
  events(
    order: {
      reach: Reach;
      appId: string;
      endpointId: string;
      scope: ReplayScope;
      from: Millis;
      to: Millis;
    },
    cursor: string | null,
  ): Promise<{ queued: number; next: string | null }>;
};

export type ReplayParts = {
  records: Pick<Records, 'journalEntry' | 'listJournal' | 'accept' | 'replayEvents'>;
  accounts: Accounts;
  carriers: Carriers;
  clock: Clock;
  /** Of the gateway, without a trailing slash: some carriers sign the address. */
  publicUrl(): string;
  onWork(): void;
  onError(error: unknown, about: string): void;
  /** How long a step goes on taking pages, in milliseconds. */
  stepMs?: number;
};

const journalPage = 20;
const eventPage = 200;

export function replays({ stepMs = 5000, ...parts }: ReplayParts): Replays {
  const { records, carriers, clock } = parts;

  async function request(id: string): Promise<JournalReplay> {
    const entry = await records.journalEntry({ id });
    if (entry === undefined) throw new Fault('not_found');
    const open = await parts.accounts.of(entry.connectionId);
    const carrier = open && carriers.get(open.connection.carrier);
    if (open === undefined || carrier === undefined) throw new Fault('connection_unknown');
    const { headers, body, receivedAt } = entry;
    const url = new URL(`${parts.publicUrl()}/in/${entry.connectionId}`);
    const posted = { method: 'POST' as const, url, headers, body };
    const updates = carrier.parse(posted, open.account, receivedAt);
    const read = unitOf(open.connection.id, posted, carrier.journalHeaders, updates, clock.now());
    const verification =
      headers[unverifiedHeader] === undefined ? 'verified' : carrier.verify(posted, open.account, receivedAt);
    const unit = verification === 'verified' ? read : asUnverified(read, verification);
    const [outcome] = await records.accept([{ ...unit, replays: entry.id }]);
    if (outcome === undefined) throw new Error('the records gave no outcome');
    parts.onWork();
    const { journalId: _, ready: __, ...counts } = outcome;
    return counts;
  }

  return {
    request,

    async journal(only, cursor) {
      const until = performance.now() + stepMs;
      const done = { replayed: 0, solved: 0, failed: 0 };
      let next = cursor;
      do {
        const page = await records.listJournal({ only, page: { limit: journalPage, cursor: next } });
        for (const { id } of page.rows) {
          done.replayed += 1;
          try {
            const { unrouted, unparsed } = await request(id);
            if (unrouted === 0 && unparsed === 0) done.solved += 1;
          } catch (error) {
            // One that cannot be read again never stops the others.
            if (!(error instanceof Fault)) parts.onError(error, `journal ${id}`);
            done.failed += 1;
          }
        }
        next = page.next;
      } while (next !== null && performance.now() < until);
      return { ...done, next };
    },

    async events(order, cursor) {
      const until = performance.now() + stepMs;
      let queued = 0;
      let next = cursor;
      do {
        const step = await records.replayEvents({ ...order, now: clock.now(), limit: eventPage, cursor: next });
        if (step === undefined) throw new Fault('not_found');
        queued += step.queued;
        next = step.next;
        parts.onWork();
      } while (next !== null && performance.now() < until);
      return { queued, next };
    },
  };
}
