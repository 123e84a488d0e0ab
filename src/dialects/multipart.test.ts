import { expect, test } from 'vitest';
import { Fault } from '../core/faults.ts';
import { readForm } from './multipart.ts';

const type = 'multipart/form-data; boundary=xyz';
const file = (text: string, name = 'file', fileName = 'a.png') =>
  `--xyz\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: image/png\r\n\r\n${text}\r\n`;
const field = (name: string, value: string) =>
  `--xyz\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const end = '--xyz--\r\n';

async function* inPieces(text: string, size = 7, then?: Error): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  if (then !== undefined) throw then;
}

/** Reads a form and keeps what its file said. */
async function read(text: string, contentType: string | undefined = type, then?: Error) {
  let kept: { fileName: string | null; type: string | null; text: string } | undefined;
  const fields = await readForm(inPieces(text, 7, then), contentType, {
    name: 'file',
    async keep({ stream, ...facts }) {
      const pieces: Uint8Array[] = [];
      for await (const piece of stream) pieces.push(piece);
      kept = { ...facts, text: Buffer.concat(pieces).toString() };
    },
  });
  return { kept, fields: Object.fromEntries(fields) };
}

test('a form gives its file and its fields, in whatever order they come', async () => {
  const whole = { kept: { fileName: 'a.png', type: 'image/png', text: 'bytes' }, fields: { name: 'Menu 🍝' } };
  expect(await read(file('bytes') + field('name', 'Menu 🍝') + end)).toEqual(whole);
  expect(await read(field('name', 'Menu 🍝') + file('bytes') + end)).toEqual(whole);
});

test('a second file and a file of another name are passed over', async () => {
  const { kept } = await read(file('other', 'cover') + file('bytes') + file('more') + end);
  expect(kept?.text).toBe('bytes');
});

test('a form that is none, has no boundary, breaks off or never ends is refused', async () => {
  const broken = [
    read('{}', 'application/json'),
    read('{}', 'multipart/form-data'),
    read(file('bytes').slice(0, -4)),
    read('nothing of the kind'),
    read(file('bytes'), type, new Error('the caller left')),
  ];
  for (const each of broken) await expect(each).rejects.toMatchObject({ name: 'Fault', code: 'invalid_request' });
  await expect(readForm(inPieces(''), undefined, { name: 'file', keep: async () => undefined })).rejects.toThrow(Fault);
});

test('a field that is too long is refused by its name', async () => {
  await expect(read(field('name', 'x'.repeat(5000)) + end)).rejects.toThrow('name: is longer than');
});

test('what refuses the file is heard once the form was read to its end', async () => {
  let given = 0;
  async function* counted() {
    for await (const piece of inPieces(file('x'.repeat(300_000)) + end, 1000)) {
      given += piece.length;
      yield piece;
    }
  }
  const refusal = new Fault('body_too_large');
  const keep = async ({ stream }: { stream: AsyncIterable<Uint8Array> }) => {
    for await (const _ of stream) throw refusal;
  };
  await expect(readForm(counted(), type, { name: 'file', keep })).rejects.toBe(refusal);
  expect(given).toBeGreaterThan(300_000);
});
