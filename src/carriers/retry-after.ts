/**
 * How long a carrier asks us to wait (RFC 9110, section 10.2.3: seconds or an HTTP date). A date is measured against the
 * answer's own Date header, so a clock that differs from the carrier's does no harm.
 * @returns milliseconds; undefined when nothing readable is said
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>): number | undefined {
  const said = headers['retry-after']?.trim();
  if (said === undefined) return undefined;
  if (/^\d{1,9}$/.test(said)) return Number(said) * 1000;
  const wait = httpDate(said) - httpDate(headers['date'] ?? '');
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** Date.parse alone would read almost anything as some date. */
const httpDate = (text: string): number => (text.endsWith(' GMT') ? Date.parse(text) : Number.NaN);
