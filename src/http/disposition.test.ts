import { parse } from 'content-disposition';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Id } from '../core/ids.ts';
import { dispositionOf, downloadName } from './disposition.ts';

const media = {
  id: 'med_2ArTRjGvNz0mVWxYbKqPsDfHgLc' as Id<'media'>,
  kind: 'image',
  type: 'image/jpeg',
  receivedAt: Date.UTC(2026, 0, 5, 12),
  fileName: null,
} as const;

test('a file without a name is called by kind, day and the end of its id', () => {
  expect(downloadName(media)).toBe('image-20260105-DfHgLc.jpg');
  expect(downloadName({ ...media, fileName: '../..' })).toBe('image-20260105-DfHgLc.jpg');
});

test('a name that lacks an extension gets that of the type; one that has an extension keeps it', () => {
  expect(downloadName({ ...media, fileName: 'contract' })).toBe('contract.jpg');
  expect(downloadName({ ...media, fileName: 'contract.pdf' })).toBe('contract.pdf');
  expect(downloadName({ ...media, fileName: '../../etc/passwd' })).toBe('passwd.jpg');
});

test('a name in any script is there twice: as it is, and in ASCII for clients that know nothing else', () => {
  const header = dispositionOf({ ...media, fileName: 'договор №5.jpg' });
  expect(header).toMatch(/^inline; filename="_ _5\.jpg"; filename\*=UTF-8''%D0%B4/);
  expect(parse(header).parameters).toMatchObject({ filename: 'договор №5.jpg' });
});

test('whatever a sender writes, the header is printable ASCII and the name is a safe base name of at most 255 bytes', () => {
  const anyName = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({ unit: 'grapheme', maxLength: 400 }),
    fc.stringMatching(/^[./\\ "%;'a\r\n]{0,40}$/),
  );
  fc.assert(
    fc.property(anyName, (fileName) => {
      const header = dispositionOf({ ...media, fileName });
      expect(header).toMatch(/^inline; [\x20-\x7e]+$/);
      const { filename = '' } = parse(header).parameters;
      expect(filename).toBe(downloadName({ ...media, fileName }));
      expect(Buffer.byteLength(filename)).toBeLessThanOrEqual(255);
      expect(filename).not.toMatch(/[/\\\r\n\0]|^\./);
    }),
  );
});
