import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cursorAfter, cursorAfterPlace, keyOf, placeOf } from './cursor.ts';

test('a cursor gives back its key, to its own list only', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 48 - 1 }), (key) => {
      expect(keyOf('media', cursorAfter('media', key))).toBe(key);
      expect(() => keyOf('events', cursorAfter('media', key))).toThrow('cursor');
    }),
  );
  expect(keyOf('media', null)).toBeUndefined();
});

test('a place in a list of another order comes back whole, and is no key', () => {
  const number = fc.nat({ max: 2 ** 48 - 1 });
  fc.assert(
    fc.property(number, number, (at, key) => {
      const cursor = cursorAfterPlace('expiring', { at, key });
      expect(placeOf('expiring', cursor)).toEqual({ at, key });
      expect(() => keyOf('expiring', cursor)).toThrow('cursor');
      expect(() => placeOf('expiring', cursorAfter('expiring', key))).toThrow('cursor');
    }),
  );
  expect(placeOf('expiring', null)).toBeUndefined();
});

test('any other text is refused', () => {
  const known = (text: string) => text === cursorAfter('media', Buffer.from(text, 'base64url').readUIntBE(2, 6));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      fc.pre(Buffer.from(text, 'base64url').length !== 8 || !known(text));
      expect(() => keyOf('media', text)).toThrow('cursor');
    }),
  );
});
