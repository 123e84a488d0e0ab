import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { type Answer, furnish, type Http, keyOf, openHttp } from '../../../test/http/rig.ts';
import { uploads } from '../../flows/upload.ts';

const photo = await readFile('test/fixtures/media/accident.jpg');
const sha256 = createHash('sha256').update(photo).digest('hex');

const objectsIn = async (http: Http) => (await http.blobs.list(null, 1000)).objects.length;
const listed = async (http: Http, key: string) =>
  (await http.call('GET', '/api/v1/media', { key })).json['data'] as unknown[];

/** A form as browsers make it. */
function formOf(parts: Record<string, string | { name: string; type: string; bytes: Buffer }>) {
  const form = new FormData();
  for (const [field, part] of Object.entries(parts)) {
    if (typeof part === 'string') form.append(field, part);
    else form.append(field, new Blob([new Uint8Array(part.bytes)], { type: part.type }), part.name);
  }
  return form;
}

async function postForm(http: Http, key: string, form: FormData): Promise<{ status: number; json: Answer['json'] }> {
  const answer = await fetch(`${http.url}/api/v1/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: form,
  });
  return { status: answer.status, json: (await answer.json()) as Answer['json'] };
}

/** Sends the head of a request and whatever pieces come, and gives what is answered; `cut` breaks the connection. */
function pieces(http: Http, key: string, some: Buffer[], then: 'end' | 'cut', headers = {}): Promise<number | 'cut'> {
  const { hostname, port } = new URL(http.url);
  return new Promise((resolve, reject) => {
    const sent = request({
      hostname,
      port,
      method: 'POST',
      path: '/api/v1/media',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'image/jpeg', ...headers },
    });
    sent.on('response', (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', (error) => (then === 'cut' ? resolve('cut') : reject(error)));
    for (const piece of some) sent.write(piece);
    if (then === 'end') sent.end();
    else sent.write('', () => sent.destroy());
  });
}

test('a file is kept as it is, with its type, its name, and a link that yields the same bytes', async () => {
  const http = await openHttp();
  const { key, app } = await furnish(http);
  const made = await http.call('POST', '/api/v1/media', {
    key,
    body: photo,
    headers: { 'content-type': 'image/jpeg', 'x-file-name': 'caf%C3%A9 %22damage%22.jpg' },
  });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({
    app_id: app.id,
    message_id: null,
    channel_id: null,
    kind: 'image',
    state: 'stored',
    type: 'image/jpeg',
    sniffed_type: 'image/jpeg',
    size: photo.length,
    sha256,
    file_name: 'café "damage".jpg',
  });
  const link = await fetch(String(made.json['url']));
  expect(Buffer.from(await link.arrayBuffer()).equals(photo)).toBe(true);
  expect((await http.call('GET', `/api/v1/media/${made.json['id']}`, { key })).json['sha256']).toBe(sha256);
});

test('a name is taken from Content-Disposition too, and a kind from what the bytes are', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  for (const [body, headers, seen] of [
    [
      photo,
      { 'content-disposition': "attachment; filename*=UTF-8''sch%C3%A4den.jpg" },
      { kind: 'image', file_name: 'schäden.jpg' },
    ],
    [
      Buffer.from('%PDF-1.7\n'),
      { 'content-type': 'application/octet-stream' },
      { kind: 'document', type: 'application/pdf' },
    ],
    [Buffer.from([1, 2, 3]), {}, { kind: 'file', type: 'application/octet-stream', file_name: null }],
  ] as const) {
    expect((await http.call('POST', '/api/v1/media', { key, body, headers })).json).toMatchObject(seen);
  }
});

test('the same bytes twice are two media and one object', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  const before = await objectsIn(http);
  const headers = { 'content-type': 'image/jpeg' };
  const [one, two] = [
    await http.call('POST', '/api/v1/media', { key, body: photo, headers }),
    await http.call('POST', '/api/v1/media', { key, body: photo, headers }),
  ];
  expect(one.json['id']).not.toBe(two.json['id']);
  expect(await objectsIn(http)).toBe(before + 1);
});

test('a form brings one file', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  const made = await postForm(http, key, formOf({ photo: { name: 'unfall.jpg', type: 'image/jpeg', bytes: photo } }));
  expect([made.status, made.json]).toMatchObject([201, { sha256, file_name: 'unfall.jpg', type: 'image/jpeg' }]);
});

test('a form with something else in it, or nothing, is refused and leaves nothing', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  const before = { objects: await objectsIn(http), media: (await listed(http, key)).length };
  const file = { name: 'a.jpg', type: 'image/jpeg', bytes: photo.subarray(0, 5000) };
  for (const [form, detail] of [
    [formOf({ one: file, two: file }), /more than one file/],
    [formOf({ note: 'x', one: file }), /body\.note/],
    [formOf({ one: file, note: 'x' }), /body\.note/],
    [formOf({}), /no file|not arrive/],
    [formOf({ one: { ...file, bytes: Buffer.alloc(300 * 1024) } }), /size limit/],
  ] as const) {
    const answer = await postForm(http, key, form);
    expect(answer.json['detail']).toMatch(detail);
    expect([400, 413]).toContain(answer.status);
  }
  expect({ objects: await objectsIn(http), media: (await listed(http, key)).length }).toEqual(before);
});

test('a form that breaks off in the middle leaves nothing', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  const before = await objectsIn(http);
  const head = '--b\r\ncontent-disposition: form-data; name="f"; filename="a.jpg"\r\ncontent-type: image/jpeg\r\n\r\n';
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  expect(await pieces(http, key, [Buffer.from(head), photo.subarray(0, 1000)], 'end', headers)).toBe(400);
  expect(await objectsIn(http)).toBe(before);
});

test('an upload that is cut leaves nothing', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  const [objects, media] = [await objectsIn(http), (await listed(http, key)).length];
  expect(await pieces(http, key, [photo.subarray(0, 50_000)], 'cut', { 'content-length': photo.length })).toBe('cut');
  await expect.poll(() => objectsIn(http)).toBe(objects);
  expect((await listed(http, key)).length).toBe(media);
});

test('a file over the limit is refused, before it is read where its length is told, while it comes where it is not', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  const objects = await objectsIn(http);
  const large = Buffer.alloc(330 * 1024);
  const told = await http.call('POST', '/api/v1/media', { key, body: large });
  expect([told.status, told.json['code']]).toEqual([413, 'body_too_large']);
  const untold = Array.from({ length: 8 }, () => Buffer.alloc(64 * 1024));
  expect(await pieces(http, key, untold, 'end', { 'transfer-encoding': 'chunked' })).toBe(413);
  expect(await objectsIn(http)).toBe(objects);
});

test('an empty body is not a file', async () => {
  const http = await openHttp();
  const { key } = await furnish(http);
  const objects = await objectsIn(http);
  const answer = await http.call('POST', '/api/v1/media', { key, headers: { 'content-type': 'image/png' } });
  expect([answer.status, answer.json['detail']]).toEqual([400, 'body: is empty']);
  expect(await objectsIn(http)).toBe(objects);
});

test('a key of several apps names the one, and a key of one app cannot give to another', async () => {
  const http = await openHttp();
  const mine = await furnish(http);
  const other = await furnish(http);
  const body = photo;
  expect((await http.call('POST', '/api/v1/media', { body })).json['errors']).toMatchObject([
    { field: 'query.app_id' },
  ]);
  const given = await http.call('POST', `/api/v1/media?app_id=${mine.app.id}`, { body });
  expect([given.status, given.json['app_id']]).toEqual([201, mine.app.id]);
  for (const key of [other.key]) {
    expect((await http.call('POST', `/api/v1/media?app_id=${mine.app.id}`, { key, body })).status).toBe(404);
  }
  expect((await http.call('POST', '/api/v1/media?app_id=app_nothing', { body })).status).toBe(404);
  const reader = await keyOf(http, mine.app, ['read']);
  expect((await http.call('POST', '/api/v1/media', { key: reader, body })).status).toBe(403);
});

test('an upload that stands still ends, and leaves nothing', async () => {
  const http = await openHttp(({ records, clock }, { blobs }) => ({
    uploads: uploads({
      records: { app: (one) => records.app(one), createUpload: (one) => records.createUpload(one) },
      blobs,
      clock,
      limits: { uploadBytes: 1 << 20, stallMs: 100, minBytesPerSecond: 0 },
      roomLeft: () => true,
      onError: () => {},
    }),
  }));
  const { key } = await furnish(http);
  const objects = await objectsIn(http);
  const { hostname, port } = new URL(http.url);
  const socket = connect(Number(port), hostname);
  const head = `POST /api/v1/media HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${key}\r\nContent-Length: 1000\r\n\r\n`;
  socket.write(`${head}only this`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer.toString()).toContain('upload_broken');
  socket.destroy();
  expect(await objectsIn(http)).toBe(objects);
});
