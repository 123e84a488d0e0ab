import { expect, test } from 'vitest';
import { judgeCapture } from './capture-verdict.ts';
import type { HopFailure } from './carrier.ts';

const now = Date.UTC(2026, 10, 20);
const week = 7 * 86_400_000;
const judge = (failure: HopFailure, failures: number, more: { deadline?: number; at?: number; chance?: number } = {}) =>
  judgeCapture(failure, failures, more.deadline ?? now + week, more.at ?? now, more.chance ?? 1, null);
const waitOf = (verdict: ReturnType<typeof judge>) =>
  verdict.result.to === 'retry' ? verdict.result.at - now : undefined;

test('a transient failure is tried again after 1, 2, 4 … seconds, at most 15 minutes, with jitter', () => {
  const transient = { is: 'transient', reason: 'reset' } as const;
  expect([0, 1, 2, 3, 9, 10, 50].map((n) => waitOf(judge(transient, n)))).toEqual([
    1000, 2000, 4000, 8000, 512_000, 900_000, 900_000,
  ]);
  expect(waitOf(judge(transient, 3, { chance: 0 }))).toBe(4000);
});

test('Retry-After is honoured when it is longer', () => {
  expect(waitOf(judge({ is: 'transient', reason: 'link_429', retryAfterMs: 90_000 }, 0))).toBe(90_000);
  expect(waitOf(judge({ is: 'transient', reason: 'link_429', retryAfterMs: 1 }, 4))).toBe(16_000);
});

test('a Retry-After of more than a day, or than half of what is left of the file, is not waited out', () => {
  const far = { is: 'transient', reason: 'link_503', retryAfterMs: 30 * 86_400_000 } as const;
  expect(waitOf(judge(far, 0))).toBe(86_400_000);
  expect(waitOf(judge(far, 0, { deadline: now + 3_600_000 }))).toBe(1_800_000);
  expect(waitOf(judge(far, 0, { deadline: now + 1001 }))).toBe(1000);
});

test('the last try is made at the deadline, and only then the media is given up', () => {
  const transient = { is: 'transient', reason: 'reset', retryAfterMs: week } as const;
  expect(waitOf(judge(transient, 9, { deadline: now + 5000 }))).toBe(5000);
  expect(judge(transient, 9, { deadline: now, at: now }).result).toEqual({
    to: 'unavailable',
    reason: 'carrier_deadline_passed: reset',
  });
});

test('an unknown id waits 10 s, 1 min, 10 min, 1 h, then 6 h, and three of a channel pause it', () => {
  const unknown = { is: 'unknown_media', reason: 'carrier_100_33' } as const;
  expect([0, 1, 2, 3, 4, 5].map((n) => waitOf(judge(unknown, n)))).toEqual([
    10_000, 60_000, 600_000, 3_600_000, 21_600_000, 21_600_000,
  ]);
  expect(judge(unknown, 0).channel).toEqual({
    to: 'paused_if_repeated',
    reason: 'carrier_100_33',
    times: 3,
    since: now - 600_000,
    probeAt: now + 900_000,
  });
});

test('an account failure pauses the channel and costs the media no try, even past its deadline', () => {
  const verdict = judge({ is: 'account', reason: 'carrier_190' }, 3, { deadline: now - 1 });
  expect(verdict.result).toMatchObject({ to: 'retry', counts: false });
  expect(verdict.channel).toEqual({ to: 'paused', reason: 'carrier_190', probeAt: now + 900_000 });
});

test('a permanent failure ends it at once', () => {
  expect(judge({ is: 'permanent', reason: 'carrier_131052' }, 0)).toEqual({
    result: { to: 'unavailable', reason: 'carrier_131052' },
    channel: null,
  });
});
