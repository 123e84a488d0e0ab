import { request } from 'node:http';
import { expect, test } from 'vitest';
import { furnish, linkTo, openHttp } from '../../test/http/rig.ts';
import type { ByteRange } from '../core/blob-store.ts';
import { mediaDesk } from '../flows/media-desk.ts';

const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 251));

async function served(some: Parameters<typeof furnish>[1] = {}) {
  const http = await openHttp();
  const { media } = await furnish(http, { bytes, ...some });
  const link = linkTo(http, media);
  return {
    http,
    media,
    link,
    etag: `"${media.sha256}"`,
    get: (headers: Record<string, string> = {}, method = 'GET') => http.call(method, link, { key: null, headers }),
  };
}

test('a link yields the bytes with their type, length, name and hash, and nothing that a browser would run', async () => {
  const { get, etag } = await served({ type: 'image/jpeg', senderName: 'crash.jpg' });
  const answer = await get();
  expect(answer.status).toBe(200);
  expect(answer.bytes.equals(bytes)).toBe(true);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'image/jpeg',
    'content-length': '1000',
    'content-disposition': 'inline; filename=crash.jpg',
    etag,
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': 'private, max-age=0, must-revalidate',
  });
});

test('HEAD says what GET would, without the bytes and without ranges', async () => {
  const { get } = await served();
  const head = await get({ range: 'bytes=0-1' }, 'HEAD');
  const whole = await get();
  expect(head.status).toBe(200);
  expect(head.bytes.length).toBe(0);
  for (const name of ['content-length', 'content-type', 'etag', 'content-disposition']) {
    expect(head.headers.get(name), name).toBe(whole.headers.get(name));
  }
});

test('a single range gives exactly its bytes', async () => {
  const { get } = await served();
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=990-', 990, 999],
    ['bytes=-5', 995, 999],
    ['bytes=900-5000', 900, 999],
    ['bytes=0-999', 0, 999],
  ] as const) {
    const answer = await get({ range });
    expect(answer.status, range).toBe(206);
    expect(answer.headers.get('content-range'), range).toBe(`bytes ${start}-${end}/1000`);
    expect(answer.headers.get('content-length'), range).toBe(String(end - start + 1));
    expect(answer.bytes.equals(bytes.subarray(start, end + 1)), range).toBe(true);
  }
});

test('several ranges, another unit and nonsense give the whole file', async () => {
  const { get } = await served();
  for (const range of ['bytes=0-1,5-6', 'items=0-1', 'bytes=a-b', 'bytes']) {
    const answer = await get({ range });
    expect([answer.status, answer.bytes.length], range).toEqual([200, 1000]);
  }
});

test('a range behind the end is refused with the size and none of the headers of a file', async () => {
  const { get } = await served();
  const answer = await get({ range: 'bytes=1000-' });
  expect(answer.status).toBe(416);
  expect(answer.json['code']).toBe('range_not_satisfiable');
  expect(answer.headers.get('content-range')).toBe('bytes */1000');
  expect(answer.headers.get('content-disposition')).toBeNull();
  expect(answer.headers.get('etag')).toBeNull();
});

test('whoever has the file already is told so', async () => {
  const { get, etag } = await served();
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await get({ 'if-none-match': known });
    expect([answer.status, answer.bytes.length, answer.headers.get('etag')], known).toEqual([304, 0, etag]);
  }
  expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
});

test('a range of another version of the file becomes the whole file', async () => {
  const { get, etag } = await served();
  const range = 'bytes=0-9';
  expect((await get({ range, 'if-range': etag })).status).toBe(206);
  for (const other of ['"other"', `W/${etag}`, 'Mon, 05 Jan 2026 12:00:00 GMT']) {
    expect((await get({ range, 'if-range': other })).status, other).toBe(200);
  }
});

test('HTML, SVG and everything that no browser needs to show is an attachment, whatever the sender called it', async () => {
  for (const [type, disposition] of [
    ['text/html', 'attachment'],
    ['image/svg+xml', 'attachment'],
    ['application/xml', 'attachment'],
    ['application/octet-stream', 'attachment'],
    ['application/pdf', 'inline'],
    ['audio/ogg', 'inline'],
  ] as const) {
    const { get } = await served({ type, senderName: 'photo.jpg' });
    expect((await get()).headers.get('content-disposition'), type).toBe(`${disposition}; filename=photo.jpg`);
  }
});

test('content redirects to a fresh link, or gives the very answer of the link', async () => {
  const http = await openHttp();
  const { media, key } = await furnish(http, { bytes });
  const redirect = await http.call('GET', `/api/v1/media/${media.id}/content`, { key });
  expect(redirect.status).toBe(302);
  expect(redirect.headers.get('cache-control')).toBe('no-store');
  const location = String(redirect.headers.get('location'));
  const link = await http.call('GET', location.slice(http.url.length), { key: null });
  const proxied = await http.call('GET', `/api/v1/media/${media.id}/content?proxy=1`, { key });
  expect(proxied.bytes.equals(bytes)).toBe(true);
  const without = (headers: Headers) => [...headers].filter(([name]) => name !== 'date');
  expect(without(proxied.headers)).toEqual(without(link.headers));
  const part = await http.call('GET', `/api/v1/media/${media.id}/content?proxy=1`, {
    key,
    headers: { range: 'bytes=0-9' },
  });
  expect([part.status, part.bytes.length]).toEqual([206, 10]);
});

test('a deleted file is gone at once, for links too, and nothing of the file is in the answer', async () => {
  const { http, media, get, link } = await served();
  expect((await http.call('DELETE', `/api/v1/media/${media.id}`)).status).toBe(204);
  for (const answer of [
    await get(),
    await get({ 'if-none-match': '*' }),
    await http.call('HEAD', link, { key: null }),
    await http.call('GET', `/api/v1/media/${media.id}/content?proxy=1`),
  ]) {
    expect(answer.status).toBe(410);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('etag')).toBeNull();
  }
});

test('a file that is at hand is served like any other, and only when it is as long as it should be', async () => {
  for (const held of [bytes, bytes.subarray(1)]) {
    const http = await openHttp(({ records, clock, desk }) => {
      const blobs = { read: () => Promise.reject(new Error('it was at hand')), held: () => held };
      const holding = mediaDesk({ records, clock, blobs, onWork: () => {} });
      return { desk: held === bytes ? holding : { ...desk, atHand: holding.atHand } };
    });
    const { media } = await furnish(http, { bytes });
    const get = (headers: Record<string, string> = {}, method = 'GET') =>
      http.call(method, linkTo(http, media), { key: null, headers });
    const whole = await get();
    expect([whole.status, whole.bytes.equals(bytes)]).toEqual([200, true]);
    const part = await get({ range: 'bytes=10-19' });
    expect([part.status, part.bytes.equals(bytes.subarray(10, 20))]).toEqual([206, true]);
    expect(part.headers.get('content-range')).toBe('bytes 10-19/1000');
    expect((await get({}, 'HEAD')).headers.get('content-length')).toBe('1000');
  }
});

test('a blob that was removed a moment ago is gone, not an error', async () => {
  const { http, media, get } = await served();
  await http.blobs.remove(String(media.blob));
  const answer = await get();
  expect([answer.status, answer.json['code']]).toEqual([410, 'media_gone']);
  expect(answer.headers.get('content-disposition')).toBeNull();
});

test('a blob of another length than recorded never looks like a whole download', async () => {
  const longer = await served({ size: 999 });
  expect((await longer.get()).status).toBe(500);
  const shorter = await served({ size: 1001 });
  await expect(shorter.get()).rejects.toThrow();
  for (const { http } of [longer, shorter]) {
    expect(http.lines.map(({ message }) => message)).toContain('a file could not be read to its end');
  }
});

test('a caller who goes away ends the reading, and one who does not read holds it up', async () => {
  const chunk = Buffer.alloc(64 * 1024, 1);
  const size = 1024 * chunk.length;
  let given = 0;
  let aborted = () => {};
  const gone = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  async function* endless(signal: AbortSignal) {
    signal.addEventListener('abort', aborted);
    for (; given < 1024; given++) yield chunk;
  }
  const http = await openHttp(({ desk }) => ({
    desk: {
      ...desk,
      bytes: async (_media: { blob: string }, _range: ByteRange | undefined, signal: AbortSignal) => endless(signal),
    },
  }));
  const { media } = await furnish(http, { size });
  const call = request(http.url + linkTo(http, media));
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    call.on('response', resolve).on('error', reject).end();
  });
  await new Promise((resolve) => response.once('readable', resolve));
  response.destroy();
  await gone;
  expect(given).toBeLessThan(1024);
});
