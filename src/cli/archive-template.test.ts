import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultTemplate, templateOf } from './archive-template.ts';

const media = {
  id: 'med_1',
  app_id: 'app_1',
  message_id: 'msg_1',
  kind: 'document',
  type: 'application/pdf',
  file_name: 'Contract.final.pdf',
  received_at: '2026-03-01T17:45:01.000Z',
};
const message = {
  conversation_id: 'cnv_1',
  contact: { name: 'Ada / Lovelace', phone: '+393331234567' },
  channel: { display: '+15550001111' },
};

test.each([
  [defaultTemplate, 'cnv_1/2026-03-01/document_1.pdf'],
  ['{contact}/{year}-{month}-{day} {time} {name}.{ext}', 'Ada - Lovelace/2026-03-01 174501 Contract.final.pdf'],
  ['{phone}/{channel}/{id}.{ext}', '+393331234567/+15550001111/med_1.pdf'],
  ['{app}_{message}_{seq}', 'app_1_msg_1_1'],
])('%j gives %j', (template, path) => {
  expect(templateOf(template).path(media, message, 1)).toBe(path);
});

test('without {seq} a name that is taken counts up before its extension', () => {
  expect(templateOf('{name}.{ext}').path(media, message, 3)).toBe('Contract.final_3.pdf');
  expect(templateOf('{seq}.{ext}').path(media, message, 3)).toBe('3.pdf');
});

test('what is not known has a word in its place', () => {
  const bare = { received_at: media.received_at };
  expect(templateOf('{conversation}/{contact}/{phone}/{name}.{ext}').path(bare, undefined, 1)).toBe(
    'none/unknown/unknown/file.bin',
  );
});

test('only fields of the message make it be asked for', () => {
  expect(templateOf('{date}/{id}.{ext}').needsMessage).toBe(false);
  expect(templateOf('{date}/{contact}.{ext}').needsMessage).toBe(true);
});

test.each([
  ['', 'empty'],
  ['/srv/{id}', 'empty'],
  ['a//{id}', 'empty'],
  ['../{id}', 'begins with a dot'],
  ['{date}/../{id}', 'begins with a dot'],
  ['.hidden{id}', 'begins with a dot'],
  ['{sender}.{ext}', '{sender} is unknown; it knows {seq} {ext}'],
  ['{id', 'not good in a name'],
  ['{id}\u0000', 'not good in a name'],
  ['a:{id}', 'not good in a name'],
  ['a\\{id}', 'not good in a name'],
  ['{id}.', 'not good in a name'],
  [`${'x'.repeat(230)}{id}`, 'longer than'],
])('the template %j is refused', (template, why) => {
  expect(() => templateOf(template)).toThrow(why);
});

test('no text of a stranger leads out of the folder or makes a name that some system cannot keep', () => {
  const template = templateOf('{contact}/{name}_{seq}.{ext}');
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom(
      '..',
      '../..',
      '/etc/passwd',
      'C:\\x',
      'con',
      'LPT1.txt',
      'aux.',
      '\u202egpj.exe',
      '   ',
      '.',
      '車'.repeat(300),
    ),
  );
  fc.assert(
    fc.property(nasty, nasty, fc.integer({ min: 1, max: 9_999_999 }), (name, file_name, seq) => {
      const path = template.path({ ...media, file_name }, { contact: { name } }, seq);
      const parts = path.split('/');
      expect(parts).toHaveLength(2);
      expect(path).toContain(`_${seq}.pdf`);
      for (const part of parts) {
        expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255);
        expect(part).toMatch(/^[^./\\\s:*?"<>|](?:[^/\\:*?"<>|]*[^./\\\s:*?"<>|])?$/);
        expect(part).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/iu);
      }
    }),
  );
});
