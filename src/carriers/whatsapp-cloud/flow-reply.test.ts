import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flowFiles } from './flow-reply.ts';

const context = { deadline: 1, errors: [] };
const found = (answer: unknown) =>
  flowFiles(JSON.stringify(answer), context).map(({ kind, carrierMediaId, fileName }) => ({
    kind,
    carrierMediaId,
    fileName,
  }));
const picked = (id: string | number, mime_type = 'image/jpeg') => ({
  id,
  mime_type,
  sha256: 'x',
  file_name: `${id}.jpg`,
});

test('files are found wherever the author of the flow put them, in their order', () => {
  const answer = {
    flow_token: 't',
    screens: [{ photos: [picked('1'), picked('2', 'video/mp4')] }],
    papers: [picked('3', 'application/pdf')],
  };
  expect(found(answer)).toEqual([
    { kind: 'image', carrierMediaId: '1', fileName: '1.jpg' },
    { kind: 'video', carrierMediaId: '2', fileName: '2.jpg' },
    { kind: 'document', carrierMediaId: '3', fileName: '3.jpg' },
  ]);
  expect(found([picked('1')])).toHaveLength(1);
});

test('an id that is a number keeps every digit', () => {
  expect(flowFiles('[{"id":36311207271567561234,"mime_type":"image/png"}]', context)).toMatchObject([
    { carrierMediaId: '36311207271567561234' },
  ]);
});

test('what looks like an id inside a text stays text', () => {
  const note = 'say "id": 5, and }';
  expect(found([{ ...picked('1'), file_name: note }])).toEqual([
    { kind: 'image', carrierMediaId: '1', fileName: note },
  ]);
});

test('the same file twice is one attachment', () => {
  expect(
    found({ a: [picked('1')], b: [picked('1'), picked('2')] }).map(({ carrierMediaId }) => carrierMediaId),
  ).toEqual(['1', '2']);
});

test('encrypted files and objects that only resemble a file are left alone', () => {
  const encrypted = {
    media_id: '9',
    cdn_url: 'https://x',
    file_name: 'f',
    mime_type: 'image/png',
    id: '9',
    encryption_metadata: {},
  };
  expect(
    found({ a: [encrypted, { id: '1' }, { mime_type: 'image/png' }, { id: {}, mime_type: 'image/png' }, null, 'x'] }),
  ).toEqual([]);
});

test('a text that is no JSON, or nested without end, has no files', () => {
  expect(flowFiles('{"a":', context)).toEqual([]);
  expect(flowFiles(7, context)).toEqual([]);
  expect(flowFiles(`${'['.repeat(500_000)}${']'.repeat(500_000)}`, context)).toEqual([]);
});

test('a very wide answer is searched to its end', () => {
  const wide = Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`k${at}`, at]));
  expect(found({ ...wide, last: [picked('1')] })).toHaveLength(1);
});

test('no text makes the search fail', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) =>
      flowFiles(text, context).every(({ carrierMediaId }) => carrierMediaId !== null),
    ),
  );
});
