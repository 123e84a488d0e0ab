import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clip, foreignId, masked, safeBaseName } from './text.ts';

test('a clipped text is well-formed, within its bytes, and the beginning of what was given', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, bytes) => {
      const cut = clip(text, bytes);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
      expect(cut.isWellFormed()).toBe(true);
      expect(text.toWellFormed().startsWith(cut)).toBe(true);
    }),
  );
});

test('a text that fits is not touched', () => {
  expect(clip('Grüße, 你好 👋', 100)).toBe('Grüße, 你好 👋');
});

test('a character is never split', () => {
  expect(clip('ab👋', 5)).toBe('ab');
  expect(clip('ab👋', 6)).toBe('ab👋');
});

test('foreign ids are opaque text of up to 512 bytes without control characters', () => {
  expect(foreignId('wamid.HBgL+/=')).toBe('wamid.HBgL+/=');
  expect(foreignId('x'.repeat(512))).toHaveLength(512);
  for (const wrong of ['', 'x'.repeat(513), 'é'.repeat(257), 'a\u0000b', 'a\nb', '\ud800', 7, null, undefined, {}]) {
    expect(foreignId(wrong)).toBeUndefined();
  }
});

test('a safe base name is never a path, never hidden, and at most 255 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (name) => {
      const safe = safeBaseName(name);
      expect([...safe].some((character) => character < ' ' || '/\\'.includes(character))).toBe(false);
      expect(safe.startsWith('.')).toBe(false);
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(255);
      expect(safe.isWellFormed()).toBe(true);
    }),
  );
});

test.each([
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\me\\contract.pdf', 'contract.pdf'],
  ['..', ''],
  ['.bashrc', 'bashrc'],
  ['Zürich 合同.pdf', 'Zürich 合同.pdf'],
  ['invoice\u202egpj.exe', 'invoicegpj.exe'],
  [`${'a'.repeat(10_000)}.docx`, `${'a'.repeat(250)}.docx`],
])('%j becomes %j', (given, safe) => {
  expect(safeBaseName(given)).toBe(safe);
});

test('a masked number shows its last two digits', () => {
  expect(masked('+16505551234')).toBe('********34');
  expect(masked('7')).toBe('**');
});
