import { createHmac } from 'node:crypto';
import { Agent } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { metaRetryWaits, type Poster, poster } from './post.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const body = Buffer.from('{"a":"\\u00fc"}');
let agent: Agent;
let receiver: Receiver;
let waits: number[];
let posts: Poster;

beforeEach(async () => {
  waits = [];
  agent = new Agent();
  receiver = await startReceiver({ clock: { now: () => 0 } });
  posts = poster(agent, async (ms) => void waits.push(ms));
});
afterEach(async () => {
  await receiver.close();
  await agent.destroy();
});

/** Whether the signature header fits the bytes that arrived; null: there was none. */
function verified(at: number): boolean | null {
  const { headers, body } = receiver.received[at]!;
  const given = headers['x-hub-signature-256'];
  return given === undefined ? null : given === `sha256=${createHmac('sha256', 'secret').update(body).digest('hex')}`;
}

test('a webhook is posted as JSON with a signature over exactly its bytes', async () => {
  receiver.answer({ status: 200, body: 'EVENT_RECEIVED' });
  const posted = await posts.post(receiver.url, body, { secret: 'secret' });
  expect(posted).toMatchObject({ status: 200, body: 'EVENT_RECEIVED', error: null, tries: 1 });
  expect(receiver.received[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '14' });
  expect(verified(0)).toBe(true);
});

test('the signature can be wrong, malformed or missing, and the body altered after it was signed', async () => {
  for (const signature of ['wrong', 'malformed', 'missing'] as const) {
    await posts.post(receiver.url, body, { secret: 'secret', signature });
  }
  await posts.post(receiver.url, body, { secret: 'secret', alterAfterSigning: true });
  expect([0, 1, 2, 3].map(verified)).toEqual([false, false, null, false]);
  expect(receiver.received[3]?.json).toEqual({ a: 'ü' });
});

test('a webhook that is not answered with 200 is tried again after each wait, with the same bytes', async () => {
  const answers = [500, 202] as const;
  receiver.answer(({ number }) => answers[number - 1] ?? 200);
  expect(await posts.post(receiver.url, body, { secret: 'secret', retries: [10, 20, 30] })).toMatchObject({
    status: 200,
    tries: 3,
  });
  expect(waits).toEqual([10, 20]);
  expect(receiver.received.map((one) => Buffer.from(one.body).equals(body))).toEqual([true, true, true]);
});

test('a webhook without any answer in time is tried again, and after the last wait the failure is told', async () => {
  receiver.answer('reset');
  const posted = await posts.post(receiver.url, body, { secret: 'secret', retries: metaRetryWaits });
  expect(posted).toMatchObject({ status: null, body: '', tries: metaRetryWaits.length + 1 });
  expect(posted.error).not.toBeNull();
  expect(waits.reduce((sum, wait) => sum + wait)).toBeLessThanOrEqual(36 * 60 * 60 * 1000);
  receiver.answer(() => new Promise(() => {}));
  expect(await posts.post(receiver.url, body, { secret: 'secret', timeoutMs: 20 })).toMatchObject({ status: null });
});

test('copies of a webhook are under way at the same instant', async () => {
  const all = Promise.withResolvers<200>();
  receiver.answer(({ number }) => {
    if (number === 20) all.resolve(200);
    return all.promise;
  });
  const posted = await posts.postCopies(20, receiver.url, body, { secret: 'secret' });
  expect(posted.map(({ status }) => status)).toEqual(Array(20).fill(200));
});

test('a handshake asks with the three keys of the carrier', async () => {
  receiver.answer(({ path }) => {
    const query = new URL(path, receiver.url).searchParams;
    const right = query.get('hub.mode') === 'subscribe' && query.get('hub.verify_token') === 'let me in';
    return right ? { status: 200, body: query.get('hub.challenge') ?? '' } : 403;
  });
  expect(await posts.handshake(`${receiver.url}/in`, 'let me in', '1158201444')).toEqual({
    status: 200,
    body: '1158201444',
  });
  expect((await posts.handshake(`${receiver.url}/in`, 'wrong', '1')).status).toBe(403);
});
