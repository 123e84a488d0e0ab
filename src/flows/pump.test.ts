import { expect, onTestFinished, test, vi } from 'vitest';
import type { Claim, ClaimRequest, Lease } from '../core/records.ts';
import { type PumpParts, startPump } from './pump.ts';

const jobOf = (job: number): Claim => ({ job, attempt: 1, lane: 1, readyAt: 0 });

/** A queue of jobs behind a pump, and the jobs that run, each ended by the test. */
function bench(more: Partial<PumpParts<Claim>> = {}) {
  const queue: Claim[] = [];
  const ends = new Map<number, { end(): void; fail(error: Error): void; signal: AbortSignal }>();
  const seen = {
    most: 0,
    now: 0,
    done: [] as number[],
    errors: [] as string[],
    released: [] as Lease[],
    lost: [] as number[],
  };
  const waiters: (() => void)[] = [];
  const changed = () => {
    for (const wake of waiters.splice(0)) wake();
  };
  /** Resolves when the condition holds; looked at after each thing that happens. */
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  const pump = startPump<Claim>({
    name: 'test',
    records: {
      renew: () => Promise.resolve(seen.lost),
      release: ({ leases }) => {
        seen.released.push(...leases);
        return Promise.resolve();
      },
    },
    claim: ({ free }) => Promise.resolve({ jobs: queue.splice(0, free), left: queue.length > 0, nextDue: null }),
    work: (job, signal) =>
      new Promise<void>((resolve, reject) => {
        seen.now += 1;
        seen.most = Math.max(seen.most, seen.now);
        const finish = (settle: () => void) => () => {
          seen.now -= 1;
          ends.delete(job.job);
          settle();
          changed();
        };
        ends.set(job.job, {
          signal,
          end: finish(() => {
            seen.done.push(job.job);
            resolve();
          }),
          fail: (error) => finish(() => reject(error))(),
        });
        signal.addEventListener(
          'abort',
          finish(() => reject(new Error('aborted'))),
        );
        changed();
      }),
    clock: { now: () => 0 },
    places: 2,
    perLane: 2,
    perFailingLane: 1,
    backlogPerSecond: 0,
    onError: (error) => {
      seen.errors.push(error instanceof Error ? error.message : String(error));
      changed();
    },
    ...more,
  });
  const put = (...jobs: number[]) => {
    queue.push(...jobs.map(jobOf));
    pump.poke();
  };
  return { pump, put, until, ends, seen, queue };
}

test('places that become free shortly after each other are filled by one claim', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const claims: number[] = [];
  const queue = [1, 2, 3, 4, 5, 6, 7, 8].map(jobOf);
  const { until, ends } = bench({
    places: 4,
    claim: ({ free }) => {
      claims.push(free);
      return Promise.resolve({ jobs: queue.splice(0, free), left: queue.length > 0, nextDue: null });
    },
  });
  await until(() => ends.size === 4);
  for (const job of [1, 2, 3, 4]) {
    await vi.advanceTimersByTimeAsync(1);
    ends.get(job)?.end();
  }
  await vi.advanceTimersByTimeAsync(1);
  await until(() => ends.size === 4);
  expect(claims).toEqual([4, 4]);
});

/** A pump whose claims give what the test says, and when each of them was, in milliseconds since the one before. */
function timed() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const claimedAt: number[] = [];
  const ready: Claim[] = [];
  const other = { left: true };
  const { pump, until, ends } = bench({
    places: 100,
    claim: () => {
      claimedAt.push(performance.now());
      return Promise.resolve({ jobs: ready.splice(0), left: other.left, nextDue: null });
    },
  });
  onTestFinished(async () => {
    const stopped = pump.stop(0);
    await vi.runAllTimersAsync();
    await stopped;
  });
  const gapsWhile = async (ms: number, each: () => void): Promise<number[]> => {
    const before = claimedAt.length;
    for (let passed = 0; passed < ms; passed++) {
      each();
      await vi.advanceTimersByTimeAsync(1);
    }
    return claimedAt.slice(before).map((at, place) => at - (claimedAt[before + place - 1] ?? at));
  };
  /** Has this many jobs running, none of which leaves anything to do. */
  const busy = async (jobs: number) => {
    ready.push(...Array.from({ length: jobs }, (_, job) => jobOf(job)));
    pump.poke();
    await vi.advanceTimersByTimeAsync(100);
    await until(() => ends.size === jobs);
  };
  const endOne = () => ends.values().next().value?.end();
  return { pump, ready, other, busy, endOne, gapsWhile };
}

test('places that become free while nothing is ready that could be taken cost few claims', async () => {
  const { busy, endOne, gapsWhile } = timed();
  await busy(90);
  expect(await gapsWhile(90, endOne)).toEqual([95, 10, 20, 40]);
});

test('nor do they where the last claim left nothing', async () => {
  const { other, busy, endOne, gapsWhile } = timed();
  other.left = false;
  await busy(90);
  expect(await gapsWhile(90, endOne)).toEqual([95, 40, 40]);
});

test('a poke never waits for longer than a claim needs, whatever was in vain before', async () => {
  const { pump, busy, endOne, gapsWhile } = timed();
  await busy(90);
  await gapsWhile(75, endOne);
  expect(await gapsWhile(20, () => pump.poke())).toEqual([5, 5, 5, 5, 5]);
});

test('a lane whose jobs have waited stands back from the next claim on, as long as another keeps up', async () => {
  const asked: ClaimRequest['yielding'][] = [];
  const ready: Claim[] = [
    { job: 1, attempt: 1, lane: 7, readyAt: 0 },
    { job: 2, attempt: 1, lane: 7, readyAt: 0 },
    { job: 3, attempt: 1, lane: 8, readyAt: 60_000 },
  ];
  const { pump, until, ends } = bench({
    clock: { now: () => 60_000 },
    places: 9,
    backlogPerSecond: 1,
    claim: ({ yielding }) => {
      asked.push(yielding);
      return Promise.resolve({ jobs: ready.splice(0), left: true, nextDue: null });
    },
  });
  await until(() => ends.size === 3);
  pump.poke();
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  ends.get(1)?.end();
  ends.get(2)?.end();
  await vi.waitFor(() => expect(asked.at(-1)?.places).toBe(1));
  expect(asked.slice(0, 2)).toEqual([undefined, { lanes: [7], places: 0 }]);
  await pump.stop(0);
});

test('no more jobs run than there are places, and each end makes room for the next', async () => {
  const { pump, put, until, ends, seen } = bench();
  put(1, 2, 3, 4, 5);
  for (const job of [1, 2, 3, 4, 5]) {
    await until(() => ends.has(job));
    ends.get(job)?.end();
  }
  await until(() => seen.done.length === 5);
  expect(seen.most).toBe(2);
  await pump.stop(0);
});

test('a job that throws is reported, and the others go on', async () => {
  const { pump, put, until, ends, seen } = bench();
  put(1, 2);
  await until(() => ends.size === 2);
  ends.get(1)?.fail(new Error('a bug'));
  await until(() => seen.errors.length === 1);
  expect(seen.errors).toEqual(['a bug']);
  put(3);
  await until(() => ends.has(3));
  ends.get(2)?.end();
  ends.get(3)?.end();
  await pump.stop(1000);
});

test('a claim that fails is reported and tried again', async () => {
  let failures = 1;
  const { pump, until, seen } = bench({
    claim: () => {
      if (failures-- > 0) return Promise.reject(new Error('the database is away'));
      const jobs = failures === -1 ? [jobOf(7)] : [];
      return Promise.resolve({ jobs, left: false, nextDue: null });
    },
  });
  await until(() => seen.errors.length === 1);
  await until(() => seen.now === 1);
  await pump.stop(0);
});

test('nothing is claimed while the pump is closed', async () => {
  const { pump, put, seen, queue } = bench({ open: () => false });
  put(1);
  await pump.stop(0);
  expect(seen.now).toBe(0);
  expect(queue).toHaveLength(1);
});

test('after a leap of the clock what runs is renewed before anything is claimed', async () => {
  let now = 0;
  const asked: string[] = [];
  const { pump, until, ends } = bench({
    clock: { now: () => now },
    records: {
      renew: ({ leases, until: end }) => {
        asked.push(`renew ${leases.map(({ job }) => job)} until ${end}`);
        return Promise.resolve([]);
      },
      release: () => Promise.resolve(),
    },
    claim: () => {
      asked.push('claim');
      return Promise.resolve({ jobs: [jobOf(asked.length)], left: false, nextDue: null });
    },
  });
  await until(() => ends.has(1));
  now = 3_600_000;
  pump.poke();
  await until(() => ends.size === 2);
  expect(asked).toEqual(['claim', 'renew 1 until 3630000', 'claim']);
  await pump.stop(0);
});

test('stopping takes nothing new and waits for what runs', async () => {
  const { pump, put, until, ends, seen, queue } = bench();
  put(1);
  await until(() => ends.has(1));
  const stopped = pump.stop(60_000);
  put(2);
  ends.get(1)?.end();
  await stopped;
  expect(seen.done).toEqual([1]);
  expect(seen.released).toEqual([]);
  expect(queue).toHaveLength(1);
});

test('what still runs after the grace is aborted, and its lease is given back untried', async () => {
  const { pump, put, until, ends, seen } = bench();
  put(1);
  await until(() => ends.has(1));
  await pump.stop(0);
  expect(seen.released).toEqual([{ job: 1, attempt: 1 }]);
  expect(seen.errors).toEqual([]);
});
