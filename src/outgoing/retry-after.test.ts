import { expect, test } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const now = Date.UTC(2026, 0, 1, 12);
const asked = (header: string, date?: string) =>
  retryAfterMs({ 'retry-after': header, ...(date === undefined ? {} : { date }) }, now);

test('seconds are given back as milliseconds', () => {
  expect(asked('120')).toBe(120_000);
  expect(asked(' 0 ')).toBe(0);
});

test('a date is given back as the time until then, never less than none', () => {
  expect(asked('Thu, 01 Jan 2026 12:00:30 GMT')).toBe(30_000);
  expect(asked('Thu, 01 Jan 2026 11:00:00 GMT')).toBe(0);
});

test("a date is measured by the sender's own clock where the answer tells it", () => {
  expect(asked('Thu, 01 Jan 2026 09:00:30 GMT', 'Thu, 01 Jan 2026 09:00:00 GMT')).toBe(30_000);
  expect(asked('Thu, 01 Jan 2026 12:00:30 GMT', 'today')).toBe(30_000);
});

test.each(['', '-1', '1.5', 'soon', '2026-01-01', '99999999999', 'Xyz, 99 Foo 2026 12:00:30 GMT'])(
  'what is in neither form (%j) says nothing',
  (header) => {
    expect(asked(header)).toBeNull();
  },
);

test('an answer without the header says nothing', () => {
  expect(retryAfterMs({}, now)).toBeNull();
});
