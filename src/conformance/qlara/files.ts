// A media key, and the link that it is exchanged for.

import { ask } from '../ask.ts';
import { must, mustFit } from '../form.ts';
import { type Check, offered, type Target } from '../target.ts';
import { call, expectAnswer, fileAnswer, notFound, unauthenticated } from './forms.ts';

const unknown = 'mk_a1b2c3d4e5f6g7h8j9k0';
const minute = 60_000;

type File = { url: string; expiresAt: string; fileSize: number; mimeType: string };

async function exchanged(target: Target): Promise<File> {
  const key = offered(target, 'media');
  return (await expectAnswer(call(target, 'GET', `/api/files/${key}`), 200, fileAnswer(key))) as File;
}

export const refusalChecks: readonly Check[] = [
  {
    name: 'without a key, and with an unknown one, the answer is 401 in the fail envelope',
    needs: [],
    async run(target) {
      for (const key of [null, 'nobody']) {
        const answer = await call(target, 'GET', `/api/files/${unknown}`, { key });
        must(answer.status === 401, `the status is ${answer.status} in place of 401`);
        mustFit(answer.json, unauthenticated);
      }
    },
  },
  {
    name: 'a media key that is unknown or malformed is answered with 404 in the fail envelope',
    needs: [],
    async run(target) {
      const keys = [
        unknown,
        'mk_x9y8z7',
        'mk_',
        'med_a1b2c3d4e5f6',
        '..%2F..%2Fx',
        `${unknown}%00`,
        unknown.toUpperCase(),
      ];
      for (const key of keys) await expectAnswer(call(target, 'GET', `/api/files/${key}`), 404, notFound);
    },
  },
  {
    name: 'a key is taken as the password of Basic too',
    needs: [],
    async run(target) {
      const basic = (password: string) => ({ authorization: `Basic ${btoa(`account:${password}`)}` });
      const asked = (password: string) =>
        call(target, 'GET', `/api/files/${unknown}`, { key: null, headers: basic(password) });
      await expectAnswer(asked(target.key), 404, notFound);
      await expectAnswer(asked('nobody'), 401, unauthenticated);
    },
  },
  {
    name: 'every answer tells the rate and what is left of it',
    needs: [],
    async run(target) {
      const { headers } = await call(target, 'GET', `/api/files/${unknown}`);
      for (const name of ['x-ratelimit-limit', 'x-ratelimit-remaining'])
        must(/^\d+$/.test(headers.get(name) ?? ''), `${name} is ${headers.get(name)}`);
    },
  },
];

export const fileChecks: readonly Check[] = [
  {
    name: 'a media key is exchanged for a link that yields the bytes without a key, as often as it is asked',
    needs: ['media'],
    async run(target) {
      const file = await exchanged(target);
      for (const method of ['GET', 'GET', 'HEAD']) {
        const { status, headers, bytes } = await ask(file.url, { method });
        must(status === 200, `the link is answered with ${status}`);
        must(headers.get('content-type') === file.mimeType, `the link's type is ${headers.get('content-type')}`);
        const length = method === 'HEAD' ? Number(headers.get('content-length')) : bytes.length;
        must(length === file.fileSize, `the file has ${length} bytes in place of ${file.fileSize}`);
      }
    },
  },
  {
    name: 'the link says when it ends, in the same second as the answer around it',
    needs: ['media'],
    async run(target) {
      const { url, expiresAt } = await exchanged(target);
      const expires = Number(new URL(url).searchParams.get('expires'));
      must(expires * 1000 === Date.parse(expiresAt), `the link ends at ${expires}, the answer says ${expiresAt}`);
    },
  },
  {
    name: 'a link that was altered is refused with 403',
    needs: ['media'],
    async run(target) {
      const { url } = await exchanged(target);
      const longer = url.replace(/expires=\d+/, (given) =>
        given.replace(/\d$/, (last) => String((Number(last) + 1) % 10)),
      );
      for (const altered of [longer, url.replace('token=eyJ', 'token=eyK')])
        must((await ask(altered)).status === 403, `an altered link is not refused: ${altered}`);
    },
  },
  {
    name: "another account's key finds nothing under the media key",
    needs: ['media', 'otherKey'],
    async run(target) {
      const path = `/api/files/${offered(target, 'media')}`;
      await expectAnswer(call(target, 'GET', path, { key: offered(target, 'otherKey') }), 404, notFound);
    },
  },
  {
    name: 'a link lives for an hour and is then refused with 403; the next call gives a fresh one',
    needs: ['media', 'advance'],
    async run(target) {
      const advance = offered(target, 'advance');
      const first = await exchanged(target);
      await advance(59 * minute);
      must((await ask(first.url)).status === 200, 'the link died before its time');
      await advance(2 * minute);
      must((await ask(first.url)).status === 403, 'the link outlived its hour');
      must((await ask((await exchanged(target)).url)).status === 200, 'the fresh link does not work');
    },
  },
];
