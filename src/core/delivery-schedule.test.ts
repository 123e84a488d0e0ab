import { expect, test } from 'vitest';
import { deliveryLife, frameRetryMs, judgeAttempt } from './delivery-schedule.ts';
import type { NextTry } from './dialect.ts';

const began = Date.UTC(2026, 10, 20);
const failed = { status: 500, error: null, retryAfterMs: null };
const waitAfter = (
  failures: number,
  next: (failures: number) => NextTry = () => 'native',
  outcome = failed as Parameters<typeof judgeAttempt>[0],
  chance = 0,
) => {
  const verdict = judgeAttempt(outcome, failures, began, next, began, chance);
  return verdict.to === 'retry' ? verdict.at - began : verdict.to;
};
const native = (): NextTry => 'native';
const minute = 60_000;
const hour = 60 * minute;

test('the waits are 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, then 12 h', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => waitAfter(n))).toEqual([
    5000,
    5 * minute,
    30 * minute,
    2 * hour,
    5 * hour,
    10 * hour,
    10 * hour,
    12 * hour,
    12 * hour,
  ]);
});

test("a dialect's own waits come first, and the native schedule goes on from there", () => {
  const own = (failures: number): NextTry => (failures <= 2 ? { waitMs: failures * 2000 } : 'native');
  expect([0, 1, 2, 3].map((n) => waitAfter(n, own))).toEqual([2000, 4000, 30 * minute, 2 * hour]);
});

test('a dialect may give up early, or never', () => {
  expect(waitAfter(2, (failures) => (failures < 3 ? 'native' : 'none'))).toBe('dead');
  const endless = (failures: number): NextTry => ({ waitMs: Math.min(failures * 3000, 15 * minute) });
  expect(judgeAttempt(failed, 5000, began, endless, began + 100 * deliveryLife, 0)).toMatchObject({ to: 'retry' });
});

test('retries spread over the last tenth of a wait', () => {
  expect(waitAfter(0, native, failed, 1)).toBe(5500);
});

test('any 2xx is delivered, and nothing else is', () => {
  for (const status of [200, 201, 202, 204, 299]) expect(waitAfter(0, native, { ...failed, status })).toBe('delivered');
  for (const status of [100, 199, 301, 302, 400, 404, 500, 503, null])
    expect(waitAfter(0, native, { ...failed, status })).toBe(5000);
});

test('410 pauses the endpoint', () => {
  expect(waitAfter(0, native, { ...failed, status: 410 })).toBe('pause_endpoint');
});

test('Retry-After is honoured up to a day', () => {
  expect(waitAfter(0, native, { ...failed, status: 429, retryAfterMs: hour })).toBe(hour);
  expect(waitAfter(0, native, { ...failed, status: 503, retryAfterMs: 100 * hour })).toBe(24 * hour);
  expect(waitAfter(1, native, { ...failed, status: 503, retryAfterMs: 1 })).toBe(5 * minute);
});

test('after 7 days without success it is a dead letter with the last reason', () => {
  const late = began + deliveryLife - hour;
  expect(judgeAttempt(failed, 20, began, native, late, 0)).toEqual({ to: 'dead', reason: 'HTTP 500' });
  expect(judgeAttempt({ ...failed, status: null, error: 'timed out' }, 20, began, native, late, 0)).toEqual({
    to: 'dead',
    reason: 'timed out',
  });
});

test('a lost frame is sent again after a second, then after twice as long each time, up to a minute', () => {
  expect([0, 1, 2, 5, 6, 50].map(frameRetryMs)).toEqual([1000, 2000, 4000, 32_000, minute, minute]);
});
