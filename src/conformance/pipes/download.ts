// A media id, and the redirect that it is exchanged for.

import { ask } from '../ask.ts';
import { must } from '../form.ts';
import { type Check, offered, type Target } from '../target.ts';
import { download, downloadPath, expectAnswer, fileAt, refusal } from './forms.ts';

const unknown = 'V1StGXR8_Z5jdHi6B-myT';
const minute = 60_000;
const hour = 60 * minute;

export const refusalChecks: readonly Check[] = [
  {
    name: 'without a key, and with an unknown one, the answer is 401 with a code',
    needs: [],
    async run(target) {
      for (const key of [null, 'pk_nobody'])
        await expectAnswer(download(target, unknown, key), 401, refusal('UNAUTHORIZED'));
    },
  },
  {
    name: 'a media id that is unknown or malformed is answered with 404 and a code',
    needs: [],
    async run(target) {
      for (const id of [unknown, 'x', unknown.slice(1), `${unknown}A`, '..%2F..%2Fx', `${unknown}%00`])
        await expectAnswer(download(target, id), 404, refusal('NOT_FOUND'));
    },
  },
];

const linkOf = async (target: Target): Promise<string> => {
  const { status, headers } = await download(target, offered(target, 'media'));
  must(status === 302, `the download is answered with ${status} in place of 302`);
  return new URL(headers.get('location') ?? '', target.url).href;
};

export const downloadChecks: readonly Check[] = [
  {
    name: 'a download redirects to a link that needs no key and minds none',
    needs: ['media'],
    async run(target) {
      const link = await linkOf(target);
      const [bare, keyed, wrong] = await Promise.all([
        ask(link),
        ask(link, { key: target.key }),
        ask(link, { key: 'pk_nobody' }),
      ]);
      must(bare.status === 200 && bare.bytes.length > 0, `the link is answered with ${bare.status}`);
      for (const answer of [keyed, wrong])
        must(Buffer.from(answer.bytes).equals(bare.bytes), `with a key the link is answered with ${answer.status}`);
    },
  },
  {
    name: "another account's key is refused with 403 and a code",
    needs: ['media', 'otherKey'],
    run: (target) =>
      expectAnswer(download(target, offered(target, 'media'), offered(target, 'otherKey')), 403, refusal('FORBIDDEN')),
  },
  {
    name: 'a link lives for five minutes and is then refused with 403; the next download gives a fresh one',
    needs: ['media', 'advance'],
    async run(target) {
      const advance = offered(target, 'advance');
      const link = await linkOf(target);
      await advance(4 * minute);
      must((await ask(link)).status === 200, 'the link died before its time');
      await advance(2 * minute);
      must((await ask(link)).status === 403, 'the link outlived its five minutes');
      must((await ask(await linkOf(target))).status === 200, 'the fresh link does not work');
    },
  },
];

export const retentionCheck: Check = {
  name: 'after 48 hours a download is answered with 410 and the vendor’s words',
  needs: ['media', 'advance'],
  async run(target) {
    const id = offered(target, 'media');
    const before = await fileAt(target, downloadPath(id));
    must(before.status === 200, `the file is answered with ${before.status} before its time is over`);
    await offered(target, 'advance')(48 * hour);
    await expectAnswer(download(target, id), 410, { error: 'Media expired', code: 'MEDIA_EXPIRED' });
  },
};
