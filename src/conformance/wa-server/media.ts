import { must } from '../form.ts';
import { type Check, offered } from '../target.ts';
import { call, error, expectAnswer, getMedia, knownTypes } from './forms.ts';

const dayMs = 24 * 60 * 60 * 1000;
const somewhere =
  'media/3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b/7a6b5c4d-3e2f-4a1b-8c9d-0e1f2a3b4c5d-0123456789ABCDEF0123456789ABCDEF.bin';

const crooked = [
  '../../etc/passwd',
  `../${somewhere}`,
  `/${somewhere}`,
  somewhere.replace('media/', 'media/../media/'),
  somewhere.replaceAll('/', '\\'),
  `${somewhere}\0`,
  `${somewhere}/..`,
  encodeURIComponent(somewhere),
  'accident.jpg',
];

export const mediaChecks: readonly Check[] = [
  {
    name: 'whether the server runs is answered without a key',
    needs: [],
    async run(target) {
      const { status } = await call(target, 'GET', '/health', undefined, null);
      must(status === 200, `the status is ${status}`);
    },
  },
  {
    name: 'a path that climbs, or has another form, is refused as such',
    needs: [],
    async run(target) {
      for (const path of crooked) {
        await expectAnswer(getMedia(target, path), 400, error('validation_error', 'path'));
      }
    },
  },
  {
    name: 'without a path the answer is 400',
    needs: [],
    async run(target) {
      for (const query of ['', '?path=', '?file=x'])
        await expectAnswer(call(target, 'GET', `/media${query}`), 400, error('validation_error', 'path'));
    },
  },
  {
    name: 'without a key, and with an unknown one, the answer is 401',
    needs: [],
    async run(target) {
      for (const key of [null, 'nobody']) {
        const { status, json } = await getMedia(target, somewhere, key);
        must(status === 401, `the status is ${status} in place of 401`);
        // Where several dialects share the server, the answer may hold words of others besides.
        const { code } = (json as { error: { code?: string } }).error;
        must(code === 'invalid_api_key', `the code is ${code}`);
      }
    },
  },
  {
    name: "a path below another app's id is refused",
    needs: [],
    async run(target) {
      await expectAnswer(getMedia(target, somewhere), 403, error('forbidden'));
    },
  },
  {
    name: 'a media_path yields the file, be it encoded or plain',
    needs: ['media'],
    async run(target) {
      const path = offered(target, 'media');
      const [encoded, plain] = await Promise.all([getMedia(target, path), call(target, 'GET', `/media?path=${path}`)]);
      for (const { status, headers, bytes } of [encoded, plain]) {
        must(status === 200, `the status is ${status}`);
        const type = headers.get('content-type') ?? '';
        must([...knownTypes, 'application/octet-stream'].includes(type), `the type is ${type}`);
        must(headers.get('content-length') === String(bytes.length), 'the length of the file is not told');
        must(headers.has('content-disposition'), 'there is no Content-Disposition');
      }
      must(bytesEqual(encoded.bytes, plain.bytes), 'the two spellings yield different files');
    },
  },
  {
    name: 'a path that leads to no file is answered with 404',
    needs: ['media'],
    async run(target) {
      const path = offered(target, 'media');
      const other = path.replace(/[0-9A-F]{32}(?=\.\w+$)/, '0123456789ABCDEF0123456789ABCDEF');
      await expectAnswer(getMedia(target, other), 404, error('not_found'));
    },
  },
  {
    name: "another app's key is refused",
    needs: ['media', 'otherKey'],
    async run(target) {
      const asked = getMedia(target, offered(target, 'media'), offered(target, 'otherKey'));
      await expectAnswer(asked, 403, error('forbidden'));
    },
  },
];

/** Ends with the file: it runs last. */
export const retentionCheck: Check = {
  name: 'a file whose time is over is not found',
  needs: ['media', 'advance'],
  async run(target) {
    const path = offered(target, 'media');
    await offered(target, 'advance')(29 * dayMs);
    must((await getMedia(target, path)).status === 200, 'the file went before its time');
    await offered(target, 'advance')(2 * dayMs);
    await expectAnswer(getMedia(target, path), 404, error('not_found'));
  },
};

const bytesEqual = (left: Uint8Array, right: Uint8Array): boolean => Buffer.from(left).equals(right);
