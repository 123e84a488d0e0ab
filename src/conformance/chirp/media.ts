import { createHash } from 'node:crypto';
import { ask } from '../ask.ts';
import { must } from '../form.ts';
import { type Check, offered, type Target } from '../target.ts';
import { call, error, expectAnswer, mediaAnswer } from './forms.ts';

const hour = 60 * 60 * 1000;
const day = 24 * hour;
const unknown = 'med_2nXmQ0pVb7cTzK4dR9sWy1LgHfA';
const notFound = error('invalid_request_error');

type MediaAnswer = { url: string; expiresAt: string; fileSize: number; sha256: string };

async function getMedia(target: Target, id: string): Promise<MediaAnswer> {
  return (await expectAnswer(call(target, 'GET', `/v1/media/${id}`), 200, mediaAnswer)) as MediaAnswer;
}

export const mediaChecks: readonly Check[] = [
  {
    name: 'media that does not exist, and ids that are none, are answered with 404',
    needs: [],
    async run(target) {
      for (const id of [unknown, 'med_x', 'media_2nXmQ0pVb7cTzK4dR9sWy1LgHfA', '..%2F..%2Fx', `${unknown}%00`]) {
        await expectAnswer(call(target, 'GET', `/v1/media/${id}`), 404, notFound);
      }
    },
  },
  {
    name: 'without a key, and with an unknown one, the answer is 401',
    needs: [],
    async run(target) {
      for (const key of [null, 'sk_live_app_nobody']) {
        const { status, json } = await call(target, 'GET', `/v1/media/${unknown}`, undefined, key);
        must(status === 401, `the status is ${status} in place of 401`);
        const { type } = (json as { error: { type: string } }).error;
        must(type === 'authentication_error', `the type is ${type}`);
      }
    },
  },
  {
    name: 'every answer tells how much of the rate is left',
    needs: [],
    async run(target) {
      const { headers } = await call(target, 'GET', '/v1/webhooks');
      for (const name of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset']) {
        must(/^\d+$/.test(headers.get(name) ?? ''), `${name} is ${headers.get(name)}`);
      }
      must(Number(headers.get('x-ratelimit-reset')) > 1_000_000_000, 'the reset is not in Unix seconds');
    },
  },
  {
    name: 'a media id gives a link that yields the bytes without a key',
    needs: ['media'],
    async run(target) {
      const { url, fileSize, sha256 } = await getMedia(target, offered(target, 'media'));
      const { status, bytes } = await ask(url);
      must(status === 200, `the link is answered with ${status}`);
      must(bytes.length === fileSize, `the file has ${bytes.length} bytes in place of ${fileSize}`);
      const hash = createHash('sha256').update(bytes).digest('hex');
      must(hash === sha256, `the bytes have the sha256 ${hash} in place of ${sha256}`);
    },
  },
  {
    name: 'a link lives for an hour; the next question gives a fresh one',
    needs: ['media', 'advance'],
    async run(target) {
      const id = offered(target, 'media');
      const first = await getMedia(target, id);
      await offered(target, 'advance')(hour - 5_000);
      must((await ask(first.url)).status === 200, 'the link died before its time');
      await offered(target, 'advance')(10_000);
      must((await ask(first.url)).status === 403, 'the link outlived its hour');
      const second = await getMedia(target, id);
      must(Date.parse(second.expiresAt) > Date.parse(first.expiresAt), 'the second link does not live longer');
      must((await ask(second.url)).status === 200, 'the fresh link does not work');
    },
  },
  {
    name: "another app's key finds nothing under the id",
    needs: ['media', 'otherKey'],
    async run(target) {
      const path = `/v1/media/${offered(target, 'media')}`;
      await expectAnswer(call(target, 'GET', path, undefined, offered(target, 'otherKey')), 404, notFound);
    },
  },
  {
    name: "an organization's key is refused at an app's address",
    needs: ['organizationKey'],
    async run(target) {
      const asked = call(target, 'GET', `/v1/media/${unknown}`, undefined, offered(target, 'organizationKey'));
      await expectAnswer(asked, 403, error('authentication_error'));
    },
  },
];

/** Ends with the file: it runs last. */
export const retentionCheck: Check = {
  name: 'a shorter retention counts at once, also for what is here: the id is answered with 404',
  needs: ['media', 'organizationKey', 'advance'],
  async run(target) {
    const id = offered(target, 'media');
    const key = offered(target, 'organizationKey');
    const set = (mediaRetentionDays: number) => call(target, 'PUT', '/v1/organization', { mediaRetentionDays }, key);
    const before = await call(target, 'GET', '/v1/organization', undefined, key);
    await offered(target, 'advance')(2 * day);
    const { url } = await getMedia(target, id);
    must((await set(1)).status === 200, 'the organization was not changed');
    await expectAnswer(call(target, 'GET', `/v1/media/${id}`), 404, notFound);
    // What a link yields may be remembered for a second.
    await offered(target, 'advance')(2_000);
    must((await ask(url)).status !== 200, 'a link still yields the file');
    await set((before.json as { mediaRetentionDays: number }).mediaRetentionDays);
  },
};
