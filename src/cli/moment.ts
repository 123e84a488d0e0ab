import { UsageError } from './failures.ts';

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A moment as a person types it: a time (ISO 8601), or a span such as 30m, 2h or 7d.
 * @param direction -1: a span lies before now; 1: after it
 * @returns milliseconds since 1970. @throws UsageError
 */
export function momentOf(flag: string, typed: string, now: number, direction: -1 | 1 = -1): number {
  const [, number, unit = ''] = /^(\d{1,6})([smhd])$/.exec(typed) ?? [];
  const at = number === undefined ? Date.parse(typed) : now + direction * Number(number) * (unitMs[unit] ?? 0);
  if (Number.isNaN(at)) {
    throw new UsageError(`${flag}: expected a time or a span such as 30m, 2h or 7d, not "${typed}"`);
  }
  return at;
}
