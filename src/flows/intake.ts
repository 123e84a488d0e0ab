// A carrier's webhook, from the raw bytes to the answer. Nothing is acknowledged before it is durable: the carrier hears
// 200 after the commit, and 503 when the commit fails or too much is waiting for one.

import type { Carriers, IntakeAnswer, IntakeRequest, Update } from '../core/carrier.ts';
import type { PassFailpoint } from '../core/failpoints.ts';
import { Fault, type FaultCode } from '../core/faults.ts';
import type { Clock, Id } from '../core/ids.ts';
import type { AcceptOutcome, AcceptUnit, JobKind, Records } from '../core/records.ts';
import { inSpan, type Tracing } from '../core/tracing.ts';
import { asUnverified, isOnTrial } from '../core/trial.ts';
import type { Accounts } from './accounts.ts';

export type IntakeReport = {
  connection: string;
  outcome: 'handshake' | 'accepted' | 'refused' | 'failed';
  /** The fault's code, when it was refused or failed. */
  reason: string | null;
  /** What was stored; only when accepted. */
  stored?: Omit<AcceptOutcome, 'ready'> & { statuses: number; notices: number };
  /** Why it was not verified; only when its connection is on trial and took it all the same. */
  unverified?: 'missing' | 'wrong';
  durationMs: number;
};

export type Intake = {
  /**
   * Takes one request to an intake URL.
   * @throws Fault connection_unknown, challenge_refused, signature_missing, signature_wrong, intake_full, storage_full, not_durable
   */
  receive(connectionId: string, request: IntakeRequest): Promise<IntakeAnswer>;
};

export type IntakeParts = {
  records: Pick<Records, 'accept'>;
  accounts: Accounts;
  carriers: Carriers;
  clock: Clock;
  limits: { queueBytes: number; queueRequests: number };
  /** Whether there is head-room to store anything at all. */
  roomLeft(): boolean;
  /** Called after a commit, with the kinds of jobs that it made ready. */
  onWork(ready: readonly JobKind[]): void;
  report(report: IntakeReport): void;
  pass?: PassFailpoint | undefined;
  tracing?: Tracing | undefined;
};

const retryAfterSeconds = 5;

export function intake(parts: IntakeParts): Intake {
  const { records, carriers, clock, limits } = parts;
  let waitingRequests = 0;
  let waitingBytes = 0;

  async function store(unit: AcceptUnit): Promise<AcceptOutcome> {
    const bytes = unit.body.byteLength;
    if (waitingRequests >= limits.queueRequests || waitingBytes + bytes > limits.queueBytes) {
      throw new Fault('intake_full', { retryAfter: retryAfterSeconds });
    }
    if (!parts.roomLeft()) throw new Fault('storage_full', { retryAfter: 60 });
    waitingRequests += 1;
    waitingBytes += bytes;
    try {
      const [outcome] = await records.accept([unit]);
      if (outcome === undefined) throw new Error('the records gave no outcome');
      return outcome;
    } catch (cause) {
      throw new Fault('not_durable', { retryAfter: retryAfterSeconds, cause });
    } finally {
      waitingRequests -= 1;
      waitingBytes -= bytes;
    }
  }

  return {
    async receive(connectionId, request) {
      const began = performance.now();
      const report = (outcome: IntakeReport['outcome'], more: Partial<IntakeReport> = {}) =>
        parts.report({
          connection: connectionId,
          outcome,
          reason: null,
          ...more,
          durationMs: performance.now() - began,
        });

      const open = await parts.accounts.of(connectionId);
      const carrier = open && carriers.get(open.connection.carrier);
      if (open === undefined || carrier === undefined) throw new Fault('connection_unknown');

      const span = parts.tracing?.begin(
        'webhook',
        { 'mediadock.connection': open.connection.id },
        request.headers['traceparent'],
        'answers',
      );
      let failure: FaultCode | undefined;
      try {
        const handshake = carrier.challenge(request, open.account);
        if (handshake !== undefined) {
          report('handshake');
          return handshake;
        }
        const now = clock.now();
        const verification = carrier.verify(request, open.account, now);
        if (verification !== 'verified' && !isOnTrial(open.connection.settings, now)) {
          throw new Fault(verification === 'missing' ? 'signature_missing' : 'signature_wrong');
        }
        const updates = carrier.parse(request, open.account, now);
        const read = unitOf(open.connection.id, request, carrier.journalHeaders, updates, now);
        const unit = verification === 'verified' ? read : asUnverified(read, verification);
        if (span !== undefined) markWithTrace(unit, span.traceparent);
        const { ready, ...stored } = await inSpan(span, 'accept', () => store(unit));
        span?.note({ 'mediadock.journal': stored.journalId });
        parts.pass?.('before_accept_answer');
        report('accepted', {
          stored: { ...stored, statuses: unit.statuses, notices: unit.notices },
          ...(verification !== 'verified' && { unverified: verification }),
        });
        parts.onWork(ready);
        return carrier.accepted;
      } catch (error) {
        failure = error instanceof Fault ? error.code : 'internal';
        report(error instanceof Fault && error.kind !== 'overloaded' ? 'refused' : 'failed', { reason: failure });
        throw error;
      } finally {
        span?.end(failure);
      }
    },
  };
}

/** So that capture and delivery, whenever and wherever they happen, go on with the trace of their webhook. */
function markWithTrace(unit: AcceptUnit, traceparent: string): void {
  unit.messages = unit.messages.map((message) => ({
    ...message,
    traceparent,
    media: message.media.map((claim) => ({ ...claim, traceparent })),
  }));
}

/** A verified request and what was read in it, as it is accepted. */
export function unitOf(
  connectionId: Id<'connection'>,
  request: IntakeRequest,
  journalHeaders: readonly string[],
  updates: Update[],
  now: number,
): AcceptUnit {
  const unit: AcceptUnit = {
    connectionId,
    receivedAt: now,
    headers: Object.fromEntries(
      journalHeaders.flatMap((name) => {
        const value = request.headers[name];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    body: request.body,
    messages: [],
    statuses: 0,
    notices: 0,
    unparsed: [],
    verified: true,
  };
  for (const update of updates) {
    switch (update.is) {
      case 'message':
        unit.messages.push(update);
        break;
      case 'status':
        unit.statuses += 1;
        break;
      case 'notice':
        unit.notices += 1;
        break;
      case 'unparsed':
        unit.unparsed.push(update.reason);
        break;
    }
  }
  return unit;
}
