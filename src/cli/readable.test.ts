import { expect, test } from 'vitest';
import { durationOf, factsIn, sizeOf, textOf, timeOf } from './readable.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [173_971, '174 kB'],
  [99_949, '99.9 kB'],
  [99_951, '100 kB'],
  [999_999, '1.0 MB'],
  [1_234_567, '1.2 MB'],
  [104_857_600, '105 MB'],
  [5e13, '50.0 TB'],
  [null, '–'],
])('%s bytes read as %s', (bytes, shown) => {
  expect(sizeOf(bytes)).toBe(shown);
});

test.each([
  [0.4, '0 s'],
  [59.4, '59 s'],
  [61, '1 min 1 s'],
  [3599.6, '1 h 0 min'],
  [7320, '2 h 2 min'],
])('%s seconds read as %s', (seconds, shown) => {
  expect(durationOf(seconds)).toBe(shown);
});

test('values read as text, and what is not there as a dash', () => {
  expect([null, '', [], undefined].map(textOf)).toEqual(['–', '–', '–', '–']);
  expect([0, false, ['a', 'b'], { a: 1 }].map(textOf)).toEqual(['0', 'false', 'a, b', '{"a":1}']);
  expect(timeOf('2026-01-02T03:04:05.678Z')).toBe('2026-01-02 03:04:05');
});

test('the members of things within have dotted names', () => {
  expect(factsIn({ a: 1, b: { c: { d: 'e' }, f: null }, g: {} })).toEqual([
    ['a', '1'],
    ['b.c.d', 'e'],
    ['b.f', '–'],
    ['g', '{}'],
  ]);
});
