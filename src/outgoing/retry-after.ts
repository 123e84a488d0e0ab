import type { Millis } from '../core/ids.ts';

/**
 * How long the sender of an answer asks us to wait, in milliseconds; null when it does not say so in a form we know.
 * RFC 9110 section 10.2.3: seconds, or an HTTP date, which is measured against the answer's own date where it has one,
 * so that a clock that differs from the sender's does no harm.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: Millis): number | null {
  const asked = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,10}$/.test(asked)) return Number(asked) * 1000;
  const until = httpDate(asked);
  if (until === undefined) return null;
  return Math.max(0, until - (httpDate(headers['date']?.trim() ?? '') ?? now));
}

/** The form that senders must use (section 5.6.7); `Date.parse` alone would take far more. */
function httpDate(text: string): Millis | undefined {
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
