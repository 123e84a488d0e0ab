import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { eventBell } from './event-bell.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;

function bench() {
  let end = 'a';
  let looks = 0;
  const errors: unknown[] = [];
  const bell = eventBell({
    records: {
      async eventsEnd() {
        looks += 1;
        if (end === 'broken') throw new Error('the database is away');
        return end;
      },
    },
    onError: (error) => void errors.push(error),
  });
  const moveTo = (to: string) => {
    end = to;
  };
  return { bell, errors, looks: () => looks, moveTo };
}

/** Whether a promise is settled once the given time has passed. */
async function settledAfter(ms: number, promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await vi.advanceTimersByTimeAsync(ms);
  return settled;
}

test('who waits is woken soon after a poke where there is something new, and not by a poke about something else', async () => {
  const { bell, moveTo } = bench();
  await settledAfter(0, bell.next(bell.rings(), 10_000, never));
  const waits = bell.next(bell.rings(), 10_000, never);
  bell.poke();
  expect(await settledAfter(200, waits)).toBe(false);
  moveTo('b');
  bell.poke();
  expect(await settledAfter(60, waits)).toBe(true);
});

test('what another node commits is found within a second, by one look however many wait', async () => {
  const { bell, moveTo, looks } = bench();
  await settledAfter(0, bell.next(bell.rings(), 10_000, never));
  const waits = Promise.all(Array.from({ length: 100 }, () => bell.next(bell.rings(), 10_000, never))).then(() => {});
  const before = looks();
  moveTo('b');
  expect(await settledAfter(1000, waits)).toBe(true);
  expect(looks()).toBe(before + 1);
});

test('nothing falls between reading and waiting', async () => {
  const { bell, moveTo } = bench();
  const heard = bell.rings();
  const other = bell.next(heard, 10_000, never);
  moveTo('b');
  bell.poke();
  expect(await settledAfter(60, other)).toBe(true);
  expect(await settledAfter(0, bell.next(heard, 10_000, never))).toBe(true);
});

test('pokes without end cause at most twenty looks a second, and none while nobody waits', async () => {
  const { bell, looks } = bench();
  for (let poke = 0; poke < 100; poke++) bell.poke();
  await vi.advanceTimersByTimeAsync(5000);
  expect(looks()).toBe(0);
  await settledAfter(0, bell.next(bell.rings(), 10_000, never));
  const waits = bell.next(bell.rings(), 10_000, never);
  const before = looks();
  for (let ms = 0; ms < 1000; ms += 5) {
    bell.poke();
    await vi.advanceTimersByTimeAsync(5);
  }
  expect(looks() - before).toBeLessThanOrEqual(21);
  bell.stop();
  await waits;
});

test('a wait ends with its limit, with its caller, and when it is stopped', async () => {
  const { bell } = bench();
  await settledAfter(0, bell.next(bell.rings(), 10_000, never));
  expect(await settledAfter(100, bell.next(bell.rings(), 100, never))).toBe(true);
  const gone = new AbortController();
  const left = bell.next(bell.rings(), 10_000, gone.signal);
  gone.abort();
  expect(await settledAfter(0, left)).toBe(true);
  const last = bell.next(bell.rings(), 10_000, never);
  bell.stop();
  expect(await settledAfter(0, last)).toBe(true);
  expect(await settledAfter(0, bell.next(bell.rings(), 10_000, never))).toBe(true);
});

test('a database that is away is asked again, and its errors are told', async () => {
  const { bell, errors, moveTo } = bench();
  moveTo('broken');
  const waits = bell.next(bell.rings(), 10_000, never);
  expect(await settledAfter(2500, waits)).toBe(false);
  expect(errors.length).toBeGreaterThanOrEqual(2);
  moveTo('b');
  expect(await settledAfter(1000, waits)).toBe(true);
});
