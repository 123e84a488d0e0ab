import { expect, test } from 'vitest';
import { turns } from './turns.ts';

/** Work that goes on until it is told to end. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let begun = false;
  const run = () => {
    begun = true;
    return promise;
  };
  return { run, end: resolve, fail: reject, begun: () => begun };
}

test('work beyond the places waits in line, in its order', async () => {
  const inTurn = turns({ places: 2, mostWaiting: 2 });
  const [a, b, c, d] = [work(), work(), work(), work()];
  const done = [a, b, c, d].map(({ run }) => inTurn(run));
  expect([a, b, c, d].map(({ begun }) => begun())).toEqual([true, true, false, false]);
  b.end('b');
  expect(await done[1]).toBe('b');
  expect([c, d].map(({ begun }) => begun())).toEqual([true, false]);
  a.fail(new Error('a failed'));
  await expect(done[0]).rejects.toThrow('a failed');
  expect(d.begun()).toBe(true);
  c.end('c');
  d.end('d');
  expect(await Promise.all([done[2], done[3]])).toEqual(['c', 'd']);
});

test('who comes when the line is full is sent away, and may come again', async () => {
  const inTurn = turns({ places: 1, mostWaiting: 1 });
  const [a, b, c] = [work(), work(), work()];
  const first = inTurn(a.run);
  const second = inTurn(b.run);
  await expect(inTurn(c.run)).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 1 });
  expect(c.begun()).toBe(false);
  a.end('a');
  b.end('b');
  expect(await Promise.all([first, second])).toEqual(['a', 'b']);
  c.end('c');
  expect(await inTurn(c.run)).toBe('c');
});
