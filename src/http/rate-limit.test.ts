import { afterEach, expect, test, vi } from 'vitest';
import { adminKey, furnish, type Http, openHttp } from '../../test/http/rig.ts';
import { limitWrongKeys, rateLimit } from './rate-limit.ts';

const limited = (perMinute: number, perSecond: number) =>
  openHttp(({ clock }) => ({ limitRate: rateLimit({ perMinute, perSecond }, clock) }));
const media = (http: Http, key: string) => http.call('GET', '/api/v1/media', { key });
const told = ({ headers }: { headers: Headers }) =>
  ['limit', 'remaining', 'reset'].map((name) => headers.get(`ratelimit-${name}`));

/** From now on a minute and a second last as long as the test: how many fit into one is no question of the machine. */
const holdTime = () => vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
afterEach(() => void vi.useRealTimers());

test('every answer tells how much is left, and beyond it when to come again', async () => {
  const http = await limited(3, 0);
  const { key } = await furnish(http);
  holdTime();
  const first = await media(http, key);
  expect(told(first)).toEqual(['3', '2', '60']);
  await media(http, key);
  await media(http, key);
  const over = await media(http, key);
  expect([over.status, over.json['code']]).toEqual([429, 'rate_limited']);
  expect(told(over)).toEqual(['3', '0', over.headers.get('retry-after')]);
  expect(over.headers.get('retry-after')).toBe('60');
});

test('many at once are refused though the minute has room', async () => {
  const http = await limited(1000, 5);
  const { key } = await furnish(http);
  holdTime();
  const answers = await Promise.all(Array.from({ length: 20 }, () => media(http, key)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(15);
  for (const answer of refused) expect(answer.headers.get('retry-after')).toBe('1');
});

test('a key is counted alone, the administrator’s not at all, and a refusal counts too', async () => {
  const http = await limited(2, 0);
  const [mine, other] = [await furnish(http), await furnish(http)];
  await http.call('GET', '/api/v1/media/med_nothing', { key: mine.key });
  const refused = await http.call('GET', '/api/v1/organizations', { key: mine.key });
  expect([refused.status, told(refused)[1]]).toEqual([403, '0']);
  expect((await media(http, mine.key)).status).toBe(429);
  expect((await media(http, other.key)).status).toBe(200);
  for (let more = 0; more < 5; more++) {
    const answer = await media(http, adminKey);
    expect([answer.status, ...told(answer)]).toEqual([200, null, null, null]);
  }
});

test('zero switches a limit off', () => {
  expect(rateLimit({ perMinute: 0, perSecond: 0 }, { now: () => 0 })).toBeUndefined();
});

test('who guesses keys is refused before they are looked up, and keys that worked before pass', async () => {
  let looked = 0;
  const http = await openHttp(({ access }) => ({
    wrongKeys: limitWrongKeys(3),
    access: {
      ...access,
      callerOf(secret) {
        looked += 1;
        return access.callerOf(secret);
      },
    },
  }));
  const { key } = await furnish(http);
  expect((await media(http, key)).status).toBe(200);
  for (let guess = 0; guess < 3; guess++) expect((await media(http, `mdk_live_${guess}`)).status).toBe(401);
  looked = 0;
  const refused = await media(http, 'mdk_live_more');
  expect([refused.status, refused.json['code'], looked]).toEqual([429, 'rate_limited', 0]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
  expect((await media(http, key)).status).toBe(200);
});

test('after a minute an address may try again, and one in the same network of IPv6 counts with it', async () => {
  vi.useFakeTimers();
  const wrong = limitWrongKeys(2);
  for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9']) wrong.count(address);
  await vi.advanceTimersByTimeAsync(1);
  expect(() => wrong.check('2001:db8:1:2::77')).toThrow('Too many unknown keys');
  expect(() => wrong.check('2001:db8:1:3::77')).not.toThrow();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(() => wrong.check('2001:db8:1:2::77')).not.toThrow();
});
