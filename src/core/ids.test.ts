import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idsBeginningWith, isId, leadingBits, newId } from './ids.ts';

test('an id is its prefix and 27 base-62 characters', () => {
  expect(newId('media', Date.UTC(2026, 0, 1))).toMatch(/^med_[0-9A-Za-z]{27}$/);
});

test('the KSUID of all zeros and of all ones come out as the published form says', () => {
  expect(newId('media', 0, new Uint8Array(16))).toBe(`med_${'0'.repeat(27)}`);
  expect(newId('media', (1_400_000_000 + 0xffff_ffff) * 1000, new Uint8Array(16).fill(255))).toBe(
    'med_aWgEPTl1tmebfsQzFP4bxwgy80V',
  );
});

test('ids made in different seconds sort by time', () => {
  const seconds = fc.integer({ min: 1_400_000_000, max: 5_000_000_000 });
  fc.assert(
    fc.property(seconds, seconds, (one, other) => {
      fc.pre(one < other);
      expect(newId('event', one * 1000) < newId('event', other * 1000)).toBe(true);
    }),
  );
});

test('two ids of the same millisecond differ', () => {
  const many = new Set(Array.from({ length: 1000 }, () => newId('message', 1_700_000_000_000)));
  expect(many.size).toBe(1000);
});

test('an id is known by its kind, and no other text is', () => {
  expect(isId('media', newId('media', 1_700_000_000_000))).toBe(true);
  for (const wrong of [newId('message', 0), 'med_', 'med_../../../etc/passwd12345678', `med_${'0'.repeat(28)}`, '']) {
    expect(isId('media', wrong)).toBe(false);
  }
});

test('an id lies in the span of its own first bits, and an id of other chance does not', () => {
  const chance = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(fc.integer({ min: 1_400_000_000, max: 5_000_000_000 }), chance, chance, (at, one, other) => {
      for (const bits of [100, 122, 126, 128, 160]) {
        const id = newId('media', at * 1000, one);
        const span = idsBeginningWith('media', leadingBits(id, bits), bits);
        expect(span.from <= id && id <= span.to).toBe(true);
        const stranger = newId('media', at * 1000, other);
        const same = leadingBits(stranger, bits) === leadingBits(id, bits);
        expect(span.from <= stranger && stranger <= span.to).toBe(same);
        expect(isId('media', span.from) && isId('media', span.to)).toBe(true);
      }
    }),
  );
});
