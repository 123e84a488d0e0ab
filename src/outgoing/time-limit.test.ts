import { getEventListeners } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { timeLimit } from './time-limit.ts';

const late = new Error('late');

function withTime(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}

test('the signal fires when the time is up, and not before', () => {
  withTime();
  const { signal } = timeLimit(new AbortController().signal, 1_000, late);
  vi.advanceTimersByTime(999);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.reason).toBe(late);
});

test("the signal fires with the caller's reason, also when that came first", () => {
  withTime();
  const caller = new AbortController();
  const limit = timeLimit(caller.signal, 1_000, late);
  limit.met();
  const reason = new Error('stopping');
  caller.abort(reason);
  expect(limit.signal.reason).toBe(reason);
  expect(timeLimit(caller.signal, 1_000, late).signal.reason).toBe(reason);
});

test('a limit that was met does not fire any more', () => {
  withTime();
  const { signal, met } = timeLimit(new AbortController().signal, 1_000, late);
  met();
  vi.advanceTimersByTime(10_000);
  expect(signal.aborted).toBe(false);
});

test("released, it leaves no timer and nothing at the caller's signal", () => {
  withTime();
  const caller = new AbortController();
  timeLimit(caller.signal, 1_000, late).release();
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
});
