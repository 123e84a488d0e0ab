import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId } from '../../core/ids.ts';
import { lastDigits, mediaKeyOf, mediaOfKey } from './ids.ts';

const ids = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 42 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(([now, chance]) => newId('media', now, chance));

test('a media key leads back to the media that it was made of', () => {
  fc.assert(
    fc.property(ids, (id) => {
      const key = mediaKeyOf(id);
      expect(key).toMatch(/^mk_[a-z0-9]{20}$/);
      const span = mediaOfKey(key);
      expect(span?.kind).toBe('media');
      expect((span?.from ?? '~') <= id && id <= (span?.to ?? '')).toBe(true);
      expect(mediaKeyOf(span?.from ?? id)).toBe(key);
      expect(mediaKeyOf(span?.to ?? id)).toBe(key);
    }),
  );
});

test('what is no media key stands for nothing', () => {
  const key = mediaKeyOf(newId('media', 0, new Uint8Array(16)));
  const others = [
    '',
    'mk_',
    'mk_a1b2c3',
    key.slice(0, -1),
    `${key}0`,
    key.toUpperCase(),
    `${key.slice(0, -1)}l`,
    `${key.slice(0, -1)}é`,
    `${key}\n`,
    key.replace('mk_', 'med_'),
  ];
  for (const other of others) expect(mediaOfKey(other), other).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(mediaOfKey(text)).toBeUndefined();
    }),
  );
});

test('short names are hex digits of the length that was asked for', () => {
  fc.assert(
    fc.property(ids, (id) => {
      expect(lastDigits(id, 12)).toMatch(/^[0-9a-f]{12}$/);
    }),
  );
});
