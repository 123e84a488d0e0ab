import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId } from '../../core/ids.ts';
import { foreignId, ownId } from './ids.ts';

const chance = fc.uint8Array({ minLength: 16, maxLength: 16 });
const now = fc.integer({ min: 0, max: 2 ** 42 });
const mode = fc.constantFrom('live' as const, 'test' as const);

test('what an id was made of comes back from it, and its mode', () => {
  fc.assert(
    fc.property(fc.constantFrom('app' as const, 'endpoint' as const), now, chance, mode, (kind, at, bytes, given) => {
      const id = newId(kind, at, bytes);
      expect(ownId(kind, foreignId(kind, id, given))).toEqual({ id, mode: given });
    }),
  );
});

test('every id has the form that the vendor documents', () => {
  fc.assert(
    fc.property(now, chance, (at, bytes) => {
      const message = newId('message', at, bytes);
      expect(foreignId('endpoint', newId('endpoint', at, bytes), 'live')).toMatch(/^whk_[0-9A-Za-z]{27}$/);
      expect(foreignId('key', newId('key', at, bytes), 'test')).toMatch(/^key_app_test_[0-9A-Za-z]{27}$/);
      expect(foreignId('whatsapp', message, 'live')).toMatch(/^msg_wa_[0-9A-Za-z]{27}$/);
      expect(foreignId('sms', message, 'test')).toMatch(/^msg_sms_test_[0-9A-Za-z]{27}$/);
      expect(foreignId('conversation', newId('conversation', at, bytes), 'live')).toMatch(/^wacw_[0-9A-Za-z]{27}$/);
    }),
  );
});

test('what has not the form of an id names nothing', () => {
  const rest = '2nXmQ0pVb7cTzK4dR9sWy1LgHfA';
  for (const text of [
    '',
    'whk_',
    rest,
    `app_${rest}`,
    `end_${rest}`,
    `whk_${rest}x`,
    `whk_test_`,
    `whk_test_test_${rest}`,
    `whk_live_${rest}`,
    ` whk_${rest}`,
    `whk_${rest}\n`,
    `WHK_${rest}`,
  ])
    expect(ownId('endpoint', text), text).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(ownId('app', text)).toBeUndefined();
    }),
  );
});
