// One attempt to deliver: rendered now, in the endpoint's dialect, signed, sent, judged, recorded.

import { frameRetryMs, judgeAttempt } from '../core/delivery-schedule.ts';
import type { PassFailpoint } from '../core/failpoints.ts';
import type { AttemptLog, DeliveryJob, DeliveryResult, Records } from '../core/records.ts';
import { inSpan, type Span, type TraceFacts, type Tracing } from '../core/tracing.ts';
import { nothingToSay, type SendEventParts, type Sending, type Sent, sendEvent } from './send-event.ts';
import { subjectOf, type TellSocketParts, tellSocket } from './tell-socket.ts';

export type DeliveryReport = {
  delivery: string;
  endpoint: string;
  event: string;
  outcome: DeliveryResult['to'] | 'stale';
  status: number | null;
  error: string | null;
  durationMs: number;
};

export type DeliverParts = SendEventParts &
  TellSocketParts & {
    records: Pick<Records, 'settleDeliveries' | 'releaseQueue'>;
    chance(): number;
    report(report: DeliveryReport): void;
    pass?: PassFailpoint | undefined;
    tracing?: Tracing | undefined;
  };

export function deliverWork(parts: DeliverParts): (job: DeliveryJob, signal: AbortSignal) => Promise<void> {
  const { clock } = parts;

  return async function work(job, signal) {
    const { media, message } = job.event;
    const span = parts.tracing?.begin('delivery', tracedFacts(job), media?.traceparent ?? message?.traceparent);
    let failure: string | undefined = 'failed';
    try {
      failure = await attemptAndSettle(job, signal, span);
    } finally {
      span?.end(failure);
    }
  };

  /** @returns why it is not delivered; undefined: it is */
  async function attemptAndSettle(
    job: DeliveryJob,
    signal: AbortSignal,
    span: Span | undefined,
  ): Promise<string | undefined> {
    const at = clock.now();
    const attempt = job.endpoint.transport === 'socket' ? overSocket : byWebhook;
    const tried = await inSpan(span, 'send', (part) => attempt(job, signal, part), 'asks');
    // Stopping, or the lease was lost: somebody else will try again, and this try does not count.
    if (signal.aborted) return 'aborted';
    if (tried === 'nobody') return await waitForSomebody(job);
    const { sent, result } = tried;
    const { retryAfterMs, body, ...seen } = sent;
    const log: AttemptLog = { at, ...seen };
    if (sent.status !== null) parts.pass?.('before_delivery_settled');
    const [settled] = await inSpan(span, 'settle', () =>
      parts.records.settleDeliveries([{ job: job.job, attempt: job.attempt, at: clock.now(), log, result }]),
    );
    if (settled === undefined) throw new Error('the records gave no outcome');
    const outcome = settled.outcome === 'done' ? result.to : 'stale';
    parts.report({
      delivery: job.delivery.id,
      endpoint: job.endpoint.id,
      event: job.event.type,
      outcome,
      status: sent.status,
      error: sent.error,
      durationMs: sent.durationMs,
    });
    span?.note({
      'mediadock.outcome': outcome,
      ...(sent.status !== null && { 'http.response.status_code': sent.status }),
    });
    if (result.to === 'delivered') return undefined;
    return sent.status === null ? 'no answer' : `answered ${sent.status}`;
  }

  async function byWebhook(job: DeliveryJob, signal: AbortSignal, span: Span | undefined): Promise<Tried> {
    const sent = await sendEvent(parts, sendingOf(job), signal, span);
    if (sent === nothingToSay) return { sent, result: { to: 'delivered' } };
    const dialect = parts.dialects.get(job.endpoint.dialect);
    const nextTry = (failures: number) => dialect?.nextTry(failures, job.endpoint.settings) ?? 'native';
    const { failures, delivery } = job;
    const verdict = judgeAttempt(sent, failures, delivery.stateAt, nextTry, clock.now(), parts.chance());
    return { sent, result: verdict.to === 'dead' ? { ...verdict, handOver: true } : verdict };
  }

  async function overSocket(job: DeliveryJob, signal: AbortSignal): Promise<Tried | 'nobody'> {
    const { is, sent } = await tellSocket(parts, sendingOf(job), job.delivery.stateAt, signal);
    if (is === 'nobody') return 'nobody';
    if (is === 'delivered') return { sent, result: { to: 'delivered' } };
    const at = clock.now() + frameRetryMs(job.failures);
    return { sent, result: { to: 'retry', at, reason: sent.error ?? 'lost' } };
  }

  /** Puts it back untried. Whoever connected after we looked did not release it, because it was taken. */
  async function waitForSomebody({ job, attempt, event, endpoint, delivery }: DeliveryJob): Promise<string> {
    const { policy, socket } = parts.dialects.get(endpoint.dialect) ?? {};
    const at = clock.now();
    const until = Math.max(delivery.stateAt + (policy?.queue?.lifeMs ?? 0), at + leastQueuedMs);
    await parts.records.settleDeliveries([{ job, attempt, at, log: null, result: { to: 'queued', until } }]);
    if (parts.sockets.isHeard(subjectOf(event, endpoint, delivery.stateAt)))
      await parts.records.releaseQueue({ endpointId: endpoint.id, now: clock.now(), spacingMs: socket?.drainMs ?? 0 });
    return 'nobody is connected';
  }
}

/** What is due again although nobody came is looked at once a minute, until it is trimmed. */
const leastQueuedMs = 60_000;

type Tried = { sent: Sent; result: DeliveryResult };

const sendingOf = ({ event, endpoint, delivery }: DeliveryJob): Sending => ({
  event,
  endpoint,
  part: delivery.part,
  about: `delivery ${delivery.id}`,
});

const tracedFacts = ({ delivery, endpoint, event }: DeliveryJob): TraceFacts => ({
  'mediadock.delivery': delivery.id,
  'mediadock.endpoint': endpoint.id,
  'mediadock.event': event.id,
  'mediadock.event_type': event.type,
  ...(delivery.messageId !== null && { 'mediadock.message': delivery.messageId }),
  ...(delivery.mediaId !== null && { 'mediadock.media': delivery.mediaId }),
});
