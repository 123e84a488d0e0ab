import { expect, test } from 'vitest';
import { sealer } from './sealing.ts';

const key = new Uint8Array(32).fill(1);
const other = new Uint8Array(32).fill(2);

test('what was sealed opens again, and says nothing while sealed', () => {
  const { seal, open } = sealer([key]);
  const sealed = seal({ access_token: 'EAAG-very-secret' });
  expect(open(sealed)).toEqual({ access_token: 'EAAG-very-secret' });
  expect(Buffer.from(sealed).includes('very-secret')).toBe(false);
});

test('the same secret sealed twice looks different', () => {
  const { seal } = sealer([key]);
  expect(Buffer.from(seal({ a: 1 })).equals(Buffer.from(seal({ a: 1 })))).toBe(false);
});

test('a single altered bit is noticed, wherever it is', () => {
  const { seal, open } = sealer([key]);
  const sealed = seal({ token: 'x' });
  for (let at = 0; at < sealed.length; at++) {
    const altered = Uint8Array.from(sealed);
    altered[at] = (altered[at] ?? 0) ^ 1;
    expect(() => open(altered), `byte ${at}`).toThrow();
  }
});

test('a former key still opens, a foreign one says which setting is wrong', () => {
  const sealed = sealer([other]).seal({ token: 'x' });
  expect(sealer([key, other]).open(sealed)).toEqual({ token: 'x' });
  expect(() => sealer([key]).open(sealed)).toThrow('MEDIADOCK_SECRET_KEY');
});
