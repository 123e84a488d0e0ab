import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId } from '../core/ids.ts';
import { idsOfUuid, isUuid, uuidOf } from './uuid.ts';

const ids = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 42 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(([now, chance]) => newId('channel', now, chance));

test('a UUID leads back to the id that it was made of, and to no other kind of thing', () => {
  fc.assert(
    fc.property(ids, (id) => {
      const uuid = uuidOf(id);
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const span = idsOfUuid('channel', uuid);
      expect((span?.from ?? '~') <= id && id <= (span?.to ?? '')).toBe(true);
      expect(uuidOf(span?.from ?? id)).toBe(uuid);
      expect(uuidOf(span?.to ?? id)).toBe(uuid);
      expect(idsOfUuid('channel', uuid.toUpperCase())).toEqual(span);
      expect(idsOfUuid('app', uuid)?.from).toMatch(/^app_/);
    }),
  );
});

test('a UUID that was made here has just one version and variant', () => {
  const uuid = uuidOf(newId('app', Date.UTC(2026, 2, 1), new Uint8Array(16).fill(0xa5)));
  for (const other of [uuid.replace(/-4/, '-1'), uuid.replace(/-[89ab](?=.{3}-.{12}$)/, '-c')]) {
    expect(isUuid(other), other).toBe(true);
    expect(idsOfUuid('app', other), other).toBeUndefined();
  }
});

test('what is no UUID stands for nothing', () => {
  const uuid = uuidOf(newId('app', 0, new Uint8Array(16)));
  const others = ['', uuid.slice(1), `${uuid}0`, `{${uuid}}`, uuid.replaceAll('-', ''), uuid.replace(/.$/, 'g')];
  for (const other of [...others, `${uuid}\n`, ` ${uuid}`]) {
    expect(isUuid(other), other).toBe(false);
    expect(idsOfUuid('app', other), other).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(idsOfUuid('app', text)).toBeUndefined();
    }),
  );
});
