import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pictureOf } from './picture.ts';

const fixture = async (name: string) =>
  new Uint8Array(await readFile(new URL(`../../../test/fixtures/media/${name}`, import.meta.url)));

const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part)))),
  );

test('a GIF, a PNG and a JPEG tell their size in pixels', async () => {
  expect(pictureOf(bytes('GIF89a', [0x40, 0x01, 0xf0, 0x00, 0, 0, 0]))).toEqual({
    type: 'image/gif',
    width: 320,
    height: 240,
  });
  expect(pictureOf(await fixture('label.png'))).toMatchObject({ type: 'image/png', width: expect.any(Number) });
  expect(pictureOf(await fixture('accident.jpg'))).toMatchObject({ type: 'image/jpeg', width: expect.any(Number) });
  const png = bytes('\x89PNG\r\n\x1a\n', [0, 0, 0, 13], 'IHDR', [0, 0, 0x02, 0x80, 0, 0, 0x01, 0xe0, 8, 2]);
  expect(pictureOf(png)).toEqual({ type: 'image/png', width: 640, height: 480 });
});

test('the size of a JPEG is found behind a preview, a Huffman table and fill bytes, and not inside the preview', () => {
  const frame = [0x00, 0x11, 8, 0x01, 0xe0, 0x02, 0x80, 3];
  const preview = [0xff, 0xd8, 0xff, 0xc0, 0x00, 0x11, 8, 0x00, 0x10, 0x00, 0x10, 3];
  const jpeg = bytes(
    [0xff, 0xd8],
    [0xff, 0xe1, 0x00, 2 + preview.length, ...preview],
    [0xff, 0xc4, 0x00, 0x04, 1, 2],
    [0xff, 0xff, 0xff, 0xc2, ...frame],
  );
  expect(pictureOf(jpeg)).toEqual({ type: 'image/jpeg', width: 640, height: 480 });
});

test('a JPEG whose size lies further back than was read is a JPEG of unknown size', () => {
  expect(pictureOf(bytes([0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff, 0]))).toEqual({
    type: 'image/jpeg',
    width: null,
    height: null,
  });
  expect(pictureOf(bytes([0xff, 0xd8, 0xff]))).toEqual({ type: 'image/jpeg', width: null, height: null });
});

test('an MP4 is known, and whatever else there is is not', async () => {
  expect(pictureOf(await fixture('video.mp4'))).toEqual({ type: 'video/mp4', width: null, height: null });
  for (const name of ['contract.pdf', 'sticker.webp', 'drawing.svg', 'voice.ogg'])
    expect(pictureOf(await fixture(name)), name).toBeUndefined();
  expect(pictureOf(bytes('GIF89a'))).toBeUndefined();
});

test('no bytes make it throw or run on', () => {
  const starts = fc.constantFrom('', 'GIF89a', '\x89PNG\r\n\x1a\n', '\xff\xd8\xff', '\xff\xd8\xff\xe0\x00\x00\xff');
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 64 }), (start, rest) => {
      expect(() => pictureOf(bytes(start, [...rest]))).not.toThrow();
    }),
  );
});
