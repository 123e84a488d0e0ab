import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Column, cut, displayWidth, factsOf, tableOf, wrapped } from './table.ts';

const column = (head: string, more: Partial<Column> = {}): Column => ({ head, of: (row) => `${row[head]}`, ...more });
const lines = (columns: Column[], rows: Record<string, string>[], width: number) =>
  tableOf(columns, rows, width, false).split('\n');

test('columns are as wide as what is in them, numbers to the right', () => {
  const columns = [column('ID'), column('SIZE', { right: true }), column('NAME')];
  const rows = [
    { ID: 'a', SIZE: '5', NAME: 'x' },
    { ID: 'bcd', SIZE: '12345', NAME: 'y' },
  ];
  expect(lines(columns, rows, 80)).toEqual(['ID    SIZE  NAME', 'a        5  x', 'bcd  12345  y']);
});

test('a column in which nothing stands is left out', () => {
  expect(lines([column('ID'), column('WHY'), column('NAME')], [{ ID: 'a', WHY: '–', NAME: 'x' }], 80)[0]).toBe(
    'ID  NAME',
  );
});

test('columns that do not fit are left out from the right, but never the first', () => {
  const columns = [column('ID'), column('ONE'), column('TWO')];
  const row = { ID: 'i'.repeat(10), ONE: 'o'.repeat(10), TWO: 't'.repeat(10) };
  expect(lines(columns, [row], 34)[1]).toBe(`${row.ID}  ${row.ONE}  ${row.TWO}`);
  expect(lines(columns, [row], 33)[1]).toBe(`${row.ID}  ${row.ONE}`);
  expect(lines(columns, [row], 5)[1]).toBe(row.ID);
});

test('of two flexible columns the wider one gives way first', () => {
  const columns = [column('A', { flexible: true }), column('B', { flexible: true })];
  expect(lines(columns, [{ A: 'a'.repeat(20), B: 'b'.repeat(60) }], 60)[1]).toBe(
    `${'a'.repeat(20)}  ${'b'.repeat(37)}…`,
  );
});

test('whatever the texts are, no line is wider than the terminal and no id is cut', () => {
  const anything = fc.string({ unit: 'grapheme', maxLength: 60 });
  const ids = fc.string({ unit: fc.constantFrom('a', '7'), minLength: 31, maxLength: 31 });
  const rows = fc.array(fc.record({ ID: ids, NAME: anything, WHY: anything }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 60, max: 250 }), (given, width) => {
      const columns = [column('ID'), column('NAME', { flexible: true }), column('WHY', { flexible: true })];
      const [, ...shown] = lines(columns, given, width);
      expect(shown).toHaveLength(given.length);
      for (const [at, line] of shown.entries()) {
        expect(line.startsWith(given[at]?.ID ?? '?')).toBe(true);
        expect(displayWidth(line)).toBeLessThanOrEqual(width);
      }
    }),
  );
});

test.each([
  ['abc', 3],
  ['車', 2],
  ['e\u0301', 1],
  ['👩‍👩‍👧', 2],
  ['ＡＢ', 4],
])('%s takes %i columns', (text, columns) => {
  expect(displayWidth(text)).toBe(columns);
});

test('a cut text ends with an ellipsis and splits no character', () => {
  expect(cut('abcdef', 6)).toBe('abcdef');
  expect(cut('abcdef', 4)).toBe('abc…');
  expect(cut('車の損傷', 6)).toBe('車の…');
  expect(cut('a👩‍👩‍👧b', 3)).toBe('a…');
});

test('facts stand under each other and are never cut', () => {
  expect(
    factsOf([
      ['id', 'x'],
      ['long_name', 'y'.repeat(300)],
    ]),
  ).toBe(`id         x\nlong_name  ${'y'.repeat(300)}`);
});

test('a line is broken between words, and what follows the first is indented', () => {
  expect(wrapped('WARN  one two three', 10, '      ')).toBe('WARN  one\n      two\n      three');
  expect(wrapped('a-word-that-is-longer than it', 8)).toBe('a-word-that-is-longer\nthan it');
  expect(wrapped('as it is', Number.POSITIVE_INFINITY)).toBe('as it is');
});
