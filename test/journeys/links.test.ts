// Links, as an application gets them in its events: what they open, for how long, and to whom.

import { readdir, readFile, readlink } from 'node:fs/promises';
import { request } from 'node:http';
import { parse } from 'content-disposition';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  about,
  type Body,
  exact,
  fixture,
  type Got,
  messageOf,
  type Rig,
  sha256Of,
  startRig,
  type Tenant,
} from './rig.ts';

/** Length of accident.jpg. */
const photoBytes = 173_971;
const linkSeconds = 3600;
const retentionSeconds = 86_400;
/** How long a condition is waited for that nothing tells of. */
const patienceMs = 10_000;

let rig: Rig;
let tenant: Tenant;
let photo: Buffer;
beforeAll(async () => {
  rig = await startRig();
  rig.clock.hold();
  tenant = await rig.tenant({ link_seconds: linkSeconds, media_retention_seconds: retentionSeconds });
  photo = await readFile(fixture('accident.jpg'));
});
afterAll(() => rig.close());

type Sent = Parameters<Rig['send']>[1][number];

/** A media as its event shows it, with a fresh link. */
async function arrived(file: Sent = { path: fixture('accident.jpg') }): Promise<Body> {
  const [sent] = await rig.send(tenant, [file]);
  return messageOf(await tenant.receiver.next(about(sent?.messageId ?? ''))).media[0];
}

const targetOf = (url: string): string => new URL(url).pathname + new URL(url).search;

const get = (target: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> =>
  exact(rig.gateway.url, target, { method, headers });

const codeOf = (got: Got): unknown => JSON.parse(got.text).code;

test('a link ends at the second that it names, and a fresh one is to be had with a key', async () => {
  const media = await arrived();
  const target = targetOf(media.url);
  const expires = Number(new URL(media.url).searchParams.get('expires')) * 1000;
  expect(new Date(media.url_expires_at).getTime()).toBe(expires);
  expect(expires - rig.clock.now()).toBeGreaterThan((linkSeconds - 1) * 1000);
  expect(expires - rig.clock.now()).toBeLessThanOrEqual(linkSeconds * 1000);
  rig.clock.advance(expires - 1 - rig.clock.now());
  expect((await get(target)).status).toBe(200);
  rig.clock.advance(1);
  const late = await get(target);
  expect([late.status, codeOf(late)]).toEqual([403, 'link_refused']);
  expect(late.bytes.includes(media.id)).toBe(false);
  const fresh = await rig.call('GET', `/api/v1/media/${media.id}`, undefined, tenant.key);
  expect((await get(targetOf(fresh.body.url))).bytes.equals(photo)).toBe(true);
});

test('a link in which any one character is another one is refused', async () => {
  const target = targetOf((await arrived()).url);
  const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: '/media/'.length, max: target.length - 1 }), printable, async (at, other) => {
      fc.pre(target[at] !== other);
      const got = await get(target.slice(0, at) + other + target.slice(at + 1));
      expect([got.status, codeOf(got)]).toEqual([403, 'link_refused']);
    }),
    { numRuns: 300 },
  );
  expect((await get(target)).status).toBe(200);
});

test('a link cannot be prolonged, cut, doubled or moved to another file', async () => {
  const [one, other] = [await arrived(), await arrived({ path: fixture('contract.pdf') })];
  const url = new URL(one.url);
  const token = url.searchParams.get('token') ?? '';
  const expires = url.searchParams.get('expires') ?? '';
  const later = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()), e: 9_999_999_999 }),
  ).toString('base64url');
  for (const target of [
    `${url.pathname}?token=${token}&expires=${Number(expires) + 1}`,
    `${url.pathname}?token=${later}.${token.split('.')[1]}&expires=9999999999`,
    `${url.pathname}?token=${token}`,
    `${url.pathname}?expires=${expires}`,
    `${url.pathname}?token=${token}&token=${token}&expires=${expires}`,
    `${url.pathname}?token=${token}=&expires=${expires}`,
    `${url.pathname}?token=${token}&expires=${expires}.0`,
    `${url.pathname}?token=&expires=${expires}`,
    `${new URL(other.url).pathname}${url.search}`,
    `${url.pathname.replace('.jpg', '.html')}${url.search}`,
    `${url.pathname.replace('.jpg', '')}${url.search}`,
    `/media/${one.id}/../${one.id}.jpg${url.search}`,
    `${url.pathname}/${url.search}`,
    `${url.pathname}#${url.search.slice(1)}`,
    `${url.pathname};${url.search.slice(1)}`,
    `${url.pathname}${url.search}#`,
    `${url.pathname}${url.search.replace('&', ';')}`,
    `${url.pathname}%00${url.search}`,
  ]) {
    const got = await get(target);
    expect([got.status, codeOf(got)], target).toEqual([403, 'link_refused']);
  }
});

describe('a download', () => {
  let media: Body;
  let target: string;
  beforeAll(async () => {
    media = await arrived();
    target = targetOf(media.url);
  });

  test('says by HEAD what GET would give', async () => {
    const [whole, head] = [await get(target), await get(target, {}, 'HEAD')];
    expect(head.bytes).toHaveLength(0);
    const { date: _, connection: __, ...headers } = whole.headers;
    expect(head.headers).toMatchObject(headers);
    expect(head.headers['content-length']).toBe(String(photo.length));
    expect(head.headers.etag).toBe(`"${media.sha256}"`);
  });

  test.each([
    ['bytes=0-99', 0, 100],
    ['bytes=100-100', 100, 101],
    ['bytes=-100', photoBytes - 100, photoBytes],
    ['bytes=170000-', 170_000, photoBytes],
    ['bytes=0-999999999', 0, photoBytes],
  ])('gives the range %s', async (range, from, to) => {
    const part = await get(target, { range });
    expect(part.status).toBe(206);
    expect(part.headers['content-range']).toBe(`bytes ${from}-${to - 1}/${photo.length}`);
    expect(part.bytes.equals(photo.subarray(from, to))).toBe(true);
  });

  test('refuses a range that begins behind the end', async () => {
    for (const range of [`bytes=${photo.length}-`, 'bytes=-0', 'bytes=999999999-']) {
      const got = await get(target, { range });
      expect([got.status, got.headers['content-range']], range).toEqual([416, `bytes */${photo.length}`]);
    }
  });

  test('can be put together of ranges, as long as the file is the same', async () => {
    const etag = `"${media.sha256}"`;
    const first = await get(target, { range: 'bytes=0-49999' });
    const rest = await get(target, { range: 'bytes=50000-', 'if-range': etag });
    expect(await sha256Of(new Uint8Array(Buffer.concat([first.bytes, rest.bytes])).buffer)).toBe(media.sha256);
    const other = await get(target, { range: 'bytes=50000-', 'if-range': '"another"' });
    expect([other.status, other.bytes.length]).toEqual([200, photo.length]);
  });

  test('is not made again for whoever has the file', async () => {
    for (const known of [`"${media.sha256}"`, `W/"${media.sha256}"`, `"x", "${media.sha256}"`, '*']) {
      const got = await get(target, { 'if-none-match': known });
      expect([got.status, got.bytes.length], known).toEqual([304, 0]);
    }
    expect((await get(target, { 'if-none-match': '"another"' })).status).toBe(200);
  });

  test('looks at no key: a forwarded Authorization neither helps nor harms', async () => {
    for (const authorization of ['Bearer of-somebody-else', `Bearer ${tenant.key}`, 'Basic !!!', 'nonsense']) {
      expect((await get(target, { authorization })).status, authorization).toBe(200);
      expect((await get(`/media/${media.id}.jpg`, { authorization })).status, authorization).toBe(403);
    }
  });

  test('is kept by no cache that would give it after the file is gone', async () => {
    const { headers } = await get(target);
    expect(headers['cache-control']).toBe('private, max-age=0, must-revalidate');
    expect(headers['referrer-policy']).toBe('no-referrer');
  });

  test('takes no other method', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const got = await get(target, {}, method);
      expect([got.status, got.headers.allow], method).toEqual([405, 'GET, HEAD']);
    }
  });

  test('with a key gives the same: by redirect to a link, or at once with proxy=1', async () => {
    const headers = { authorization: `Bearer ${tenant.key}` };
    const path = `/api/v1/media/${media.id}/content`;
    const redirect = await get(path, headers);
    expect(redirect.status).toBe(302);
    expect((await get(targetOf(redirect.headers.location ?? ''))).bytes.equals(photo)).toBe(true);
    const proxied = await get(`${path}?proxy=1`, { ...headers, range: 'bytes=10-19' });
    expect(proxied.status).toBe(206);
    expect(proxied.bytes.equals(photo.subarray(10, 20))).toBe(true);
    expect((await get(`${path}?proxy=1`)).status).toBe(401);
  });
});

describe('names and types', () => {
  test.each([
    ['../../etc/passwd', 'passwd.pdf'],
    ['..\\..\\windows\\win.ini', 'win.ini'],
    ['.htaccess', 'htaccess.pdf'],
    ['nul\u0000byte.pdf', 'nulbyte.pdf'],
    ['a\r\nSet-Cookie: x=1.pdf', 'aSet-Cookie x=1.pdf'],
    ['合同 итог عقد.pdf', '合同 итог عقد.pdf'],
    ['"quoted"; filename=evil.exe.pdf', 'quoted; filename=evil.exe.pdf'],
    ['\u202Efdp.exe', 'fdp.exe'],
    ['100%41.pdf', '100%41.pdf'],
  ])('a file called %j is saved under a safe name', async (fileName, expected) => {
    const media = await arrived({ path: fixture('contract.pdf'), fileName });
    const { headers } = await get(targetOf(media.url));
    const { filename = '' } = parse(headers['content-disposition'] ?? '').parameters;
    expect(filename).toBe(expected);
    expect(headers['set-cookie']).toBeUndefined();
  });

  test('a name of 10,000 characters is saved under 255 bytes of it, with its extension', async () => {
    const media = await arrived({ path: fixture('contract.pdf'), fileName: `${'длинный '.repeat(1250)}.pdf` });
    const { headers } = await get(targetOf(media.url));
    const { filename = '' } = parse(headers['content-disposition'] ?? '').parameters;
    expect(filename).toMatch(/^длинный .*\.pdf$/);
    expect(Buffer.byteLength(filename)).toBeLessThanOrEqual(255);
  });

  test.each([
    ['page.html', 'text/html', 'attachment'],
    ['drawing.svg', 'image/svg+xml', 'attachment'],
    ['contact.vcf', 'text/vcard', 'attachment'],
    ['contract.pdf', 'application/pdf', 'inline'],
    ['accident.jpg', 'image/jpeg', 'inline'],
    ['voice.ogg', 'audio/ogg', 'inline'],
  ])('%s is shown only when nothing can run in it', async (name, type, disposition) => {
    const media = await arrived({ path: fixture(name) });
    for (const headers of [
      (await get(targetOf(media.url))).headers,
      (await get(`/api/v1/media/${media.id}/content?proxy=1`, { 'x-api-key': tenant.key })).headers,
    ]) {
      expect(headers['content-type']).toBe(type);
      expect(headers['content-disposition']).toMatch(new RegExp(`^${disposition};`));
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'$/);
    }
  });

  test.each(['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml', 'application/xml', 'text/javascript'])(
    'a file that its sender declares as %s is an attachment, whatever it is called',
    async (type) => {
      const media = await arrived({ path: fixture('page.html'), type, fileName: 'harmless.jpg' });
      const { headers } = await get(targetOf(media.url));
      expect(headers['content-disposition']).toMatch(/^attachment;/);
      expect(headers['content-security-policy']).toMatch(/^sandbox/);
    },
  );

  test.each(['text/html\r\nX-Evil: 1', 'not a type', '', `a/${'b'.repeat(5000)}`, 'image/jpeg; charset="\u0000"'])(
    'a declared type that is none becomes no header (%#)',
    async (declaredType) => {
      const media = await arrived({ path: fixture('accident.jpg'), message: { declaredType } });
      const { status, headers, bytes } = await get(targetOf(media.url));
      expect([status, headers['content-type'], headers['x-evil']]).toEqual([200, 'image/jpeg', undefined]);
      expect(bytes.equals(photo)).toBe(true);
    },
  );
});

describe('a file that is gone', () => {
  test('answers 410 within a second after it was deleted, through an old link and a fresh answer alike', async () => {
    const media = await arrived();
    const target = targetOf(media.url);
    expect((await get(target)).status).toBe(200);
    expect((await rig.call('DELETE', `/api/v1/media/${media.id}`, undefined, tenant.key)).status).toBe(204);
    rig.clock.advance(1000);
    for (const headers of [{}, { 'if-none-match': `"${media.sha256}"` }, { range: 'bytes=0-9' }]) {
      const got = await get(target, headers);
      expect([got.status, codeOf(got)]).toEqual([410, 'media_gone']);
      expect(got.headers.etag).toBeUndefined();
    }
    expect((await get(target, {}, 'HEAD')).status).toBe(410);
    const content = await rig.call('GET', `/api/v1/media/${media.id}/content`, undefined, tenant.key);
    expect([content.status, content.body.code]).toEqual([410, 'media_gone']);
    const tombstone = await rig.call('GET', `/api/v1/media/${media.id}`, undefined, tenant.key);
    expect([tombstone.status, tombstone.body.state, tombstone.body.url]).toEqual([200, 'deleted', null]);
    const unknown = await rig.call('GET', `/api/v1/media/med_${'0'.repeat(27)}/content`, undefined, tenant.key);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'not_found']);
  });

  test('answers 410 from the second in which its retention ends, before anything has swept it', async () => {
    const media = await arrived();
    // As long as its delivery is open, a file is kept beyond its time.
    const pending = async () => (await rig.call('GET', '/api/v1/deliveries?state=pending')).body.data;
    await expect.poll(pending, { timeout: patienceMs }).toEqual([]);
    const expires = new Date(media.expires_at).getTime();
    rig.clock.advance(expires - 1 - rig.clock.now());
    const { body: alive } = await rig.call('GET', `/api/v1/media/${media.id}`, undefined, tenant.key);
    expect(alive.state).toBe('stored');
    const target = targetOf(alive.url);
    expect((await get(target)).status).toBe(200);
    rig.clock.advance(1);
    const got = await get(target);
    expect([got.status, codeOf(got)]).toEqual([410, 'media_gone']);
    const { body: tombstone } = await rig.call('GET', `/api/v1/media/${media.id}`, undefined, tenant.key);
    expect([tombstone.state, tombstone.url]).toEqual(['expired', null]);
    await rig.gateway.sweep();
    expect((await get(target)).status).toBe(410);
  });

  test('of a deleted app answers no link any more', async () => {
    const gone = await rig.tenant();
    const [sent] = await rig.send(gone, [{ path: fixture('label.png') }]);
    const [media] = messageOf(await gone.receiver.next(about(sent?.messageId ?? ''))).media;
    expect((await rig.call('DELETE', `/api/v1/apps/${gone.appId}`)).status).toBe(204);
    rig.clock.advance(1000);
    expect((await get(targetOf(media.url))).status).toBe(410);
  });
});

describe('a client that goes away', () => {
  const bigBytes = 24 * 1024 * 1024;

  async function openBlobs(): Promise<string[]> {
    const links = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    return links.filter((path) => path.includes('/blobs/'));
  }

  /** Hangs up after this many bytes of the body, or at once after the request is sent. */
  function hangUp(target: string, afterBytes: number): Promise<void> {
    const { hostname, port } = new URL(rig.gateway.url);
    return new Promise((resolve) => {
      const asked = request({ hostname, port, path: target, agent: false }, (answer) => {
        let seen = 0;
        answer.on('error', () => {});
        answer.on('data', (chunk: Buffer) => {
          seen += chunk.length;
          if (seen >= afterBytes) answer.destroy();
        });
        answer.on('close', resolve);
      });
      asked.on('error', () => resolve());
      asked.on('finish', () => {
        if (afterBytes === 0) asked.destroy();
      });
      asked.on('close', resolve);
      asked.end();
    });
  }

  test('in the middle of a download or before its first byte leaves no file open', async () => {
    async function* big() {
      for (let sent = 0; sent < bigBytes; sent += 1024 * 1024) yield Buffer.alloc(1024 * 1024, sent % 251);
    }
    const media = await arrived({ bytes: big(), type: 'video/mp4', fileName: 'long.mp4' });
    const target = targetOf(media.url);
    const before = rig.log.lines.length;
    for (let round = 0; round < 10; round++) {
      await Promise.all([0, 0, 0, 1, 100_000, 1_000_000].map((bytes) => hangUp(target, bytes)));
    }
    expect(rig.log.lines.slice(before).some((line) => line['level'] === 'error')).toBe(false);
    await expect.poll(openBlobs, { timeout: patienceMs }).toEqual([]);
    expect((await get(target, { range: 'bytes=-1' })).status).toBe(206);
  });
});
