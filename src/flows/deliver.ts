// One attempt to deliver: rendered now, in the endpoint's dialect, signed, sent, judged, recorded.

import { judgeAttempt } from '../core/delivery-schedule.ts';
import type { Dialects, Links } from '../core/dialect.ts';
import type { PassFailpoint } from '../core/failpoints.ts';
import type { Clock } from '../core/ids.ts';
import type { AttemptLog, DeliveryJob, DeliveryResult, Records } from '../core/records.ts';
import type { Sealer } from '../core/sealing.ts';
import type { SendOutcome, WebhookTransport } from '../core/transport.ts';
import { openEndpoint, secretsInForce } from './endpoint-secrets.ts';

export type DeliveryReport = {
  delivery: string;
  endpoint: string;
  event: string;
  outcome: DeliveryResult['to'] | 'stale';
  status: number | null;
  error: string | null;
  durationMs: number;
};

export type DeliverParts = {
  records: Pick<Records, 'settleDeliveries'>;
  dialects: Dialects;
  transport: WebhookTransport;
  links: Links;
  sealer: Sealer;
  clock: Clock;
  chance(): number;
  /** Limit for one attempt in place of the dialect's own. */
  timeoutMs?: number;
  report(report: DeliveryReport): void;
  onError(error: unknown, about: string): void;
  pass?: PassFailpoint | undefined;
};

export function deliverWork(parts: DeliverParts): (job: DeliveryJob, signal: AbortSignal) => Promise<void> {
  const { clock } = parts;

  /** Renders and sends. A failure to render is our own fault and never counts as the receiver's. */
  async function attempt(job: DeliveryJob, signal: AbortSignal): Promise<SendOutcome> {
    const at = clock.now();
    try {
      const dialect = parts.dialects.get(job.endpoint.dialect);
      if (dialect === undefined) throw new Error(`the dialect ${job.endpoint.dialect} is not installed`);
      const { secrets, headers } = openEndpoint(job.endpoint, parts.sealer);
      const { part } = job.delivery;
      const rendered = dialect.render(job.event, part, at, parts.links);
      return await parts.transport.send({
        url: job.endpoint.url,
        body: rendered.body,
        headers: { ...headers, ...rendered.headers },
        secrets: secretsInForce(secrets, at),
        id: part === 0 ? job.event.id : `${job.event.id}.${part}`,
        at,
        timeoutMs: parts.timeoutMs ?? dialect.timeoutMs,
        signal,
      });
    } catch (error) {
      if (!signal.aborted) parts.onError(error, `delivery ${job.delivery.id}`);
      return {
        status: null,
        error: error instanceof Error ? error.message : String(error),
        fault: 'gateway',
        retryAfterMs: null,
        reply: null,
        durationMs: clock.now() - at,
        bodySha256: null,
        bodyLength: null,
      };
    }
  }

  return async function work(job, signal) {
    const at = clock.now();
    const outcome = await attempt(job, signal);
    // Stopping, or the lease was lost: somebody else will try again, and this try does not count.
    if (signal.aborted) return;
    const { retryAfterMs, ...seen } = outcome;
    const log: AttemptLog = { at, ...seen };
    const waits = parts.dialects.get(job.endpoint.dialect)?.waits ?? [];
    const now = clock.now();
    const result: DeliveryResult = judgeAttempt(
      outcome,
      job.failures,
      job.delivery.stateAt,
      waits,
      now,
      parts.chance(),
    );
    if (outcome.status !== null) parts.pass?.('before_delivery_settled');
    const [settled] = await parts.records.settleDeliveries([
      { job: job.job, attempt: job.attempt, at: now, log, result },
    ]);
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
  };
}
