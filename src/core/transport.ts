// The port to an application's webhook: one signed POST, and what came of it.

import type { Millis } from './ids.ts';
import type { AttemptFault } from './model.ts';

export type SendRequest = {
  url: string;
  /** JSON text, signed and sent exactly so. */
  body: string;
  /** What the dialect rendered and what the endpoint adds; names in `reservedHeader` are left out. */
  headers: Readonly<Record<string, string>>;
  /** Secrets in force, each with a signature of its own. `whsec_` and base64, or raw text. */
  secrets: readonly string[];
  /** Whether it carries the three headers of Standard Webhooks. */
  standardHeaders: boolean;
  /** Stable over retries, so that the receiver can tell them. */
  id: string;
  /** When it is signed. */
  at: Millis;
  /** Limit for the whole attempt, the reading of the reply included. */
  timeoutMs: number;
  signal: AbortSignal;
};

export type SendOutcome = {
  /** null: there was no answer. */
  status: number | null;
  /** Short, for people; null after a 2xx. */
  error: string | null;
  /** receiver: the address, the server behind it, or the endpoint's settings; gateway: we, or our network. */
  fault: AttemptFault;
  retryAfterMs: number | null;
  /** First 4 KiB of the answer, as text without U+0000; null when there was no answer. */
  reply: string | null;
  durationMs: number;
  /** Of the body as it was sent; null when there was none to send. */
  bodySha256: string | null;
  bodyLength: number | null;
};

export type WebhookTransport = {
  /** Never throws for what the receiver, the network or the endpoint's settings do. */
  send(request: SendRequest): Promise<SendOutcome>;
};

// Framing belongs to the client, and the signature headers to us (Standard Webhooks, "Webhook headers").
const reserved = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'accept-encoding',
]);

/** Whether a header is the transport's own, so that neither an endpoint nor a dialect can set it. */
export function reservedHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return reserved.has(lower) || lower.startsWith('webhook-');
}

/** Why an endpoint may not add this header; undefined: it may. Syntax: RFC 9110 sections 5.1 and 5.5, ASCII only. */
export function headerObjection(name: string, value: string): string | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name)) return 'is not a header name';
  if (reservedHeader(name)) return 'is set by the gateway';
  if (!/^[\x20-\x7e\t]{0,4096}$/.test(value))
    return 'has a value that is not printable ASCII of at most 4096 characters';
  return undefined;
}

/** Why a text cannot be a signing secret; undefined: it can. */
export function secretObjection(secret: string): string | undefined {
  if (secret === '') return 'must not be empty';
  if (!secret.startsWith('whsec_')) return undefined;
  const key = secret.slice('whsec_'.length);
  const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  return key !== '' && base64.test(key) ? undefined : 'must be base64 after whsec_';
}
