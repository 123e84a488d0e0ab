import { expect, test } from 'vitest';
import { fewValues } from './few-values.ts';

test('a reason keeps its word and loses what it says about one case', () => {
  const few = fewValues(10);
  expect(few('storage_failed: no space left on /data')).toBe('storage_failed');
  expect(few('carrier_131052')).toBe('carrier_131052');
});

test('what is no plain word, such as something that a stranger wrote, counts as other', () => {
  const few = fewValues(10);
  for (const odd of ['', 'Ottokar Domma', '+4915112345678', 'a"b', 'a\nb', 'x'.repeat(61)]) {
    expect(few(odd), odd).toBe('other');
  }
});

test('values never become more than they may: those known go on, new ones count as other', () => {
  const few = fewValues(3);
  const seen = Array.from({ length: 100 }, (_, at) => few(`carrier_${at}`));
  expect(new Set(seen)).toEqual(new Set(['carrier_0', 'carrier_1', 'carrier_2', 'other']));
  expect(few('carrier_1')).toBe('carrier_1');
});
