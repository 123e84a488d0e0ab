import { expect, test } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

test('seconds are read as seconds', () => {
  expect(retryAfterMs({ 'retry-after': '120' })).toBe(120_000);
  expect(retryAfterMs({ 'retry-after': ' 0 ' })).toBe(0);
});

test('a date is measured against the clock of the one who says it', () => {
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
  expect(retryAfterMs({ 'retry-after': 'Wed, 21 Oct 2026 07:29:30 GMT', date })).toBe(90_000);
  expect(retryAfterMs({ 'retry-after': 'Wed, 21 Oct 2026 07:00:00 GMT', date })).toBe(0);
  expect(retryAfterMs({ 'retry-after': 'Wed, 21 Oct 2026 07:29:30 GMT' })).toBeUndefined();
});

test('nothing readable says nothing', () => {
  for (const said of ['soon', '-5', '1.5', '', '99999999999999']) {
    expect(retryAfterMs({ 'retry-after': said, date: 'Wed, 21 Oct 2026 07:28:00 GMT' }), said).toBeUndefined();
  }
  expect(retryAfterMs({})).toBeUndefined();
});
