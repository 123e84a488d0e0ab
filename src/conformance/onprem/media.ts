import { randomUUID } from 'node:crypto';
import { must } from '../form.ts';
import { type Check, offered, type Target } from '../target.ts';
import { call, error, expectAnswer, meta, upload } from './forms.ts';

/** A picture of one point. */
const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const type = 'image/png';

export const give = (target: Target): Promise<string> => upload(target, picture, type);

export const mediaChecks: readonly Check[] = [
  {
    name: 'a file that is given is fetched with its bytes and its type, until it is deleted',
    needs: [],
    async run(target) {
      const path = `/v1/media/${await give(target)}`;
      const got = await call(target, 'GET', path);
      must(got.status === 200, `it is answered with ${got.status}`);
      must(Buffer.from(got.bytes).equals(picture), 'other bytes came back');
      must(got.headers.get('content-type') === type, `its type is ${got.headers.get('content-type')}`);
      must(got.headers.get('content-length') === String(picture.length), 'its length is not announced');
      await expectAnswer(call(target, 'DELETE', path), 200, { meta });
      for (const method of ['GET', 'DELETE']) await expectAnswer(call(target, method, path), 404, null);
      await expectAnswer(call(target, 'GET', `${path}/download`), 404, error(1006));
    },
  },
  {
    name: 'a file that does not exist, and an id that is none, is answered with 404: a download with a body, all else without',
    needs: [],
    async run(target) {
      for (const id of [randomUUID(), 'x', '..%2F..%2Fx', `${randomUUID()}%00`]) {
        for (const method of ['GET', 'DELETE']) await expectAnswer(call(target, method, `/v1/media/${id}`), 404, null);
        await expectAnswer(call(target, 'GET', `/v1/media/${id}/download`), 404, error(1006));
      }
    },
  },
  {
    name: 'a file that is there is fetched by its id',
    needs: ['media'],
    async run(target) {
      const { status, bytes, headers } = await call(target, 'GET', `/v1/media/${offered(target, 'media')}`);
      must(status === 200, `it is answered with ${status}`);
      must(headers.get('content-length') === String(bytes.length), 'its length is not announced');
      must(/^[^;\s]+\/[^;\s]+/.test(headers.get('content-type') ?? ''), 'it has no type');
    },
  },
  {
    name: "another app's key finds nothing under the id, and deletes nothing",
    needs: ['otherKey'],
    async run(target) {
      const path = `/v1/media/${await give(target)}`;
      const key = offered(target, 'otherKey');
      for (const method of ['GET', 'DELETE']) await expectAnswer(call(target, method, path, { key }), 404, null);
      await expectAnswer(call(target, 'GET', `${path}/download`, { key }), 404, error(1006));
      must((await call(target, 'GET', path)).status === 200, 'the file is gone');
      await call(target, 'DELETE', path);
    },
  },
];
