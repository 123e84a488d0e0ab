/**
 * How long the sender of an answer asks us to wait, in milliseconds; null when it does not say so in a form we know.
 * RFC 9110 section 10.2.3: seconds, or an HTTP date.
 */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  if (!httpDate.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

// The form that senders must use (section 5.6.7); Date.parse alone would take far more.
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
