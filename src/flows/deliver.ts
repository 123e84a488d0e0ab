// One attempt to deliver: rendered now, in the endpoint's dialect, signed, sent, judged, recorded.

import { judgeAttempt } from '../core/delivery-schedule.ts';
import type { PassFailpoint } from '../core/failpoints.ts';
import type { AttemptLog, DeliveryJob, DeliveryResult, Records } from '../core/records.ts';
import { inSpan, type Span, type TraceFacts, type Tracing } from '../core/tracing.ts';
import { nothingToSay, type SendEventParts, sendEvent } from './send-event.ts';

export type DeliveryReport = {
  delivery: string;
  endpoint: string;
  event: string;
  outcome: DeliveryResult['to'] | 'stale';
  status: number | null;
  error: string | null;
  durationMs: number;
};

export type DeliverParts = SendEventParts & {
  records: Pick<Records, 'settleDeliveries'>;
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
    const { event, endpoint, delivery } = job;
    const sending = { event, endpoint, part: delivery.part, about: `delivery ${delivery.id}` };
    const outcome = await inSpan(span, 'send', (part) => sendEvent(parts, sending, signal, part), 'asks');
    // Stopping, or the lease was lost: somebody else will try again, and this try does not count.
    if (signal.aborted) return 'aborted';
    const { retryAfterMs, body, ...seen } = outcome;
    const log: AttemptLog = { at, ...seen };
    const now = clock.now();
    const result: DeliveryResult =
      outcome === nothingToSay
        ? { to: 'delivered' }
        : judgeAttempt(
            outcome,
            job.failures,
            job.delivery.stateAt,
            (failures) =>
              parts.dialects.get(job.endpoint.dialect)?.nextTry(failures, job.endpoint.settings) ?? 'native',
            now,
            parts.chance(),
          );
    if (outcome.status !== null) parts.pass?.('before_delivery_settled');
    const [settled] = await inSpan(span, 'settle', () =>
      parts.records.settleDeliveries([{ job: job.job, attempt: job.attempt, at: now, log, result }]),
    );
    if (settled === undefined) throw new Error('the records gave no outcome');
    parts.report({
      delivery: job.delivery.id,
      endpoint: job.endpoint.id,
      event: job.event.type,
      outcome: settled.outcome === 'done' ? result.to : 'stale',
      status: outcome.status,
      error: outcome.error,
      durationMs: outcome.durationMs,
    });
    span?.note({
      'mediadock.outcome': settled.outcome === 'done' ? result.to : 'stale',
      ...(outcome.status !== null && { 'http.response.status_code': outcome.status }),
    });
    if (result.to === 'delivered') return undefined;
    return outcome.status === null ? 'no answer' : `answered ${outcome.status}`;
  }
}

const tracedFacts = ({ delivery, endpoint, event }: DeliveryJob): TraceFacts => ({
  'mediadock.delivery': delivery.id,
  'mediadock.endpoint': endpoint.id,
  'mediadock.event': event.id,
  'mediadock.event_type': event.type,
  ...(delivery.messageId !== null && { 'mediadock.message': delivery.messageId }),
  ...(delivery.mediaId !== null && { 'mediadock.media': delivery.mediaId }),
});
