// One part of an event to one endpoint: rendered in its dialect, signed, sent. Nothing is judged or recorded here.

import type { Dialects } from '../core/dialect.ts';
import type { Clock } from '../core/ids.ts';
import type { Links } from '../core/links.ts';
import type { Endpoint, Event } from '../core/model.ts';
import type { Sealer } from '../core/sealing.ts';
import type { Span } from '../core/tracing.ts';
import type { SendOutcome, WebhookTransport } from '../core/transport.ts';
import { openEndpoint, secretsInForce } from './endpoint-secrets.ts';

export type SendEventParts = {
  dialects: Dialects;
  transport: WebhookTransport;
  links: Links;
  sealer: Sealer;
  clock: Clock;
  /** Limit for one attempt in place of the dialect's own. */
  timeoutMs?: number;
  onError(error: unknown, about: string): void;
};

/** What is sent; `about` names it in the log. */
export type Sending = { event: Event; endpoint: Endpoint; part: number; about: string };

/** `body`: what was sent, as it was signed; null when there was nothing to send. */
export type Sent = SendOutcome & { body: string | null };

/** What comes of an event that the dialect has no words for: it is done, and nobody was asked. */
export const nothingToSay: Sent = {
  status: null,
  error: null,
  fault: 'none',
  retryAfterMs: null,
  reply: null,
  durationMs: 0,
  bodySha256: null,
  bodyLength: null,
  body: null,
};

/** A failure to render is our own fault and never counts as the receiver's. */
export async function sendEvent(
  { clock, ...parts }: SendEventParts,
  { event, endpoint, part, about }: Sending,
  signal: AbortSignal,
  span?: Span,
): Promise<Sent> {
  const at = clock.now();
  try {
    const dialect = parts.dialects.get(endpoint.dialect);
    if (dialect === undefined) throw new Error(`the dialect ${endpoint.dialect} is not installed`);
    const { secrets, headers } = openEndpoint(endpoint, parts.sealer);
    const { settings } = endpoint;
    const rendered = dialect.render({ event, part, now: at, links: parts.links, settings });
    if (rendered === null) return nothingToSay;
    const inForce = secretsInForce(secrets, at);
    const [newest] = inForce;
    const signed = newest === undefined ? {} : dialect.sign?.(rendered.body, newest, settings);
    const outcome = await parts.transport.send({
      url: endpoint.url,
      body: rendered.body,
      headers: { ...headers, ...rendered.headers, ...signed, ...(span && { traceparent: span.traceparent }) },
      secrets: inForce,
      standardHeaders: settings['standard_webhooks'] !== false,
      id: part === 0 ? event.id : `${event.id}.${part}`,
      at,
      timeoutMs: parts.timeoutMs ?? dialect.timeoutMs,
      signal,
    });
    return { ...outcome, body: rendered.body };
  } catch (error) {
    if (!signal.aborted) parts.onError(error, about);
    const says = error instanceof Error ? error.message : String(error);
    return { ...nothingToSay, error: says, fault: 'gateway', durationMs: clock.now() - at };
  }
}
