import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapedJson } from './escaped-json.ts';
import { sign } from './sign.ts';

const text = (json: unknown): string => Buffer.from(escapedJson(json)).toString('latin1');

test('a body is written and signed exactly as a known one of the carrier', () => {
  const body = escapedJson({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '0',
        changes: [
          {
            field: 'messages',
            value: {
              messaging_product: 'whatsapp',
              messages: [{ type: 'text', text: { body: 'café' }, url: 'https://x' }],
            },
          },
        ],
      },
    ],
  });
  expect(body).toHaveLength(210);
  expect(sign(body, 'test_app_secret')).toBe('sha256=c3f8caf48fa395bcf1af0eb68370e0874f48b37cebf4cb15a0f8357755753cd6');
});

test('an emoji is written as two escaped units in lower-case hex', () => {
  expect(text('image/jpeg Ü 👋')).toBe('"image\\/jpeg \\u00dc \\ud83d\\udc4b"');
});

test('whatever is written is ASCII, holds no bare slash, and reads back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (json, string) => {
      const value = { json, [string]: string };
      const written = text(value);
      expect(written).toMatch(/^[\0-\x7f]*$/);
      expect(written).not.toMatch(/(?<!\\)\//);
      expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
