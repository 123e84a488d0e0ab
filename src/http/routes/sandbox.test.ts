import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { adminKey, answerOf, openHttp } from '../../../test/http/rig.ts';
import { invalid } from '../../core/faults.ts';
import type { SandboxMessage } from '../../core/sandbox-desk.ts';

async function withSandbox() {
  const seen: (Omit<SandboxMessage, 'body' | 'furtherFiles'> & { bytes: number | undefined })[] = [];
  const http = await openHttp(() => ({
    sandbox: {
      async send({ body, furtherFiles = [], ...message }) {
        if (body === undefined && message.text === undefined) throw invalid('query.text', 'is needed');
        let bytes: number | undefined;
        if (body !== undefined) {
          bytes = 0;
          for await (const chunk of body) bytes += chunk.byteLength;
        }
        seen.push({ ...message, bytes });
        for await (const { body: more, ...file } of furtherFiles) {
          let size = 0;
          for await (const chunk of more) size += chunk.byteLength;
          seen.push({ ...file, bytes: size });
        }
        return { carrierMessageId: 'wamid.1', mediaId: bytes === undefined ? null : '42' };
      },
    },
  }));
  return { http, seen };
}

const path = '/api/v1/sandbox/messages';

test('a file goes through as a stream, with its type and what the query says about it', async () => {
  const { http, seen } = await withSandbox();
  const query = new URLSearchParams({ from: '+393331234567', name: 'Ada', caption: 'a, b', file_name: 'x.jpg' });
  const answer = await http.call('POST', `${path}?${query}`, {
    body: new Uint8Array(3_000_000),
    headers: { 'content-type': 'image/jpeg' },
  });
  expect([answer.status, answer.json]).toEqual([202, { carrier_message_id: 'wamid.1', media_id: '42' }]);
  expect(seen).toEqual([
    { from: '+393331234567', name: 'Ada', caption: 'a, b', fileName: 'x.jpg', type: 'image/jpeg', bytes: 3_000_000 },
  ]);
});

test('a JSON file is a file here, and a text needs none', async () => {
  const { http, seen } = await withSandbox();
  await http.call('POST', path, { body: '{"a":1}', headers: { 'content-type': 'application/json' } });
  const text = await http.call('POST', `${path}?text=hello`);
  expect(text.json['media_id']).toBeNull();
  expect(seen).toEqual([
    { type: 'application/json', bytes: 7 },
    { text: 'hello', bytes: undefined },
  ]);
});

test('a file beyond 100 MiB is refused, announced or not', async () => {
  const { http, seen } = await withSandbox();
  const chunk = new Uint8Array(1 << 20);
  async function* tooMuch() {
    for (let at = 0; at <= 100; at++) yield chunk;
  }
  const streamed = await fetch(http.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}` },
    body: Readable.toWeb(Readable.from(tooMuch())) as ReadableStream,
    duplex: 'half',
  }).then(answerOf, (error: unknown) => error);
  // The refusal may cut the upload before the client has read it.
  if (!(streamed instanceof Error)) expect(streamed).toMatchObject({ status: 413 });
  await expect.poll(() => http.lines.at(-1)).toMatchObject({ status: 413 });
  expect(seen).toEqual([]);
});

test('what cannot be sent is refused with the field', async () => {
  const { http } = await withSandbox();
  expect((await http.call('POST', path)).json['errors']).toMatchObject([{ field: 'query.text' }]);
  expect((await http.call('POST', `${path}?from=abc&text=x`)).json['errors']).toMatchObject([{ field: 'query.from' }]);
});

test('without a sandbox the address answers as if it did not exist', async () => {
  const http = await openHttp();
  const answer = await http.call('POST', `${path}?text=x`);
  expect([answer.status, answer.json['code']]).toEqual([404, 'not_found']);
});

test('the files of a form are one message, in their order and with their names', async () => {
  const { http, seen } = await withSandbox();
  const form = new FormData();
  for (const [name, size] of [
    ['a.jpg', 3_000_000],
    ['b.png', 7],
    ['c.pdf', 200_000],
  ] as const) {
    form.append('file', new Blob([new Uint8Array(size)], { type: 'image/any' }), name);
  }
  const answer = await fetch(`${http.url}${path}?carrier=twilio&caption=all`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}` },
    body: form,
  });
  expect(answer.status).toBe(202);
  expect(seen).toEqual([
    { carrier: 'twilio', caption: 'all', fileName: 'a.jpg', type: 'image/any', bytes: 3_000_000 },
    { fileName: 'b.png', type: 'image/any', bytes: 7 },
    { fileName: 'c.pdf', type: 'image/any', bytes: 200_000 },
  ]);
});

test.each([
  ['without a file', () => new FormData(), 'has no file'],
  [
    'with eleven files',
    () => {
      const form = new FormData();
      for (let at = 0; at < 11; at++) form.append('file', new Blob(['x']), `${at}`);
      return form;
    },
    'has more than 10 files',
  ],
])('a form %s is refused', async (_, form, says) => {
  const { http } = await withSandbox();
  const body = form();
  const answer = await fetch(`${http.url}${path}?carrier=twilio`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}` },
    body,
  });
  expect([answer.status, (await answerOf(answer)).json['errors']]).toMatchObject([
    400,
    [{ field: 'body', message: says }],
  ]);
});

test('a form that breaks off is refused', async () => {
  const { http } = await withSandbox();
  const answer = await http.call('POST', `${path}?carrier=twilio`, {
    body: '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  });
  expect([answer.status, answer.json['code']]).toEqual([400, 'upload_broken']);
});
