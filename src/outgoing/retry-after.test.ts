import { expect, test } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const now = Date.UTC(2026, 0, 1, 12);

test('seconds are given back as milliseconds', () => {
  expect(retryAfterMs('120', now)).toBe(120_000);
  expect(retryAfterMs(' 0 ', now)).toBe(0);
});

test('a date is given back as the time until then, never less than none', () => {
  expect(retryAfterMs('Thu, 01 Jan 2026 12:00:30 GMT', now)).toBe(30_000);
  expect(retryAfterMs('Thu, 01 Jan 2026 11:00:00 GMT', now)).toBe(0);
});

test.each([undefined, '', '-1', '1.5', 'soon', '2026-01-01', '99999999999', 'Xyz, 99 Foo 2026 12:00:30 GMT'])(
  'what is in neither form (%j) says nothing',
  (header) => {
    expect(retryAfterMs(header, now)).toBeNull();
  },
);
