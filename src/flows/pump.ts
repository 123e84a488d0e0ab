// A pump claims jobs of one kind and works on them, as many at once as this node has places.
//
// It sleeps until it is poked (new work was committed), until a place becomes free, until those that stand back may go on, or
// until the earliest waiting job is due; a poll every second alone suffices, so a lost poke costs a second and nothing more.
// After a quiet moment it claims at once; under load claims keep a distance, so that one claim takes the places that several
// jobs have freed: a claim costs the database nearly the same whether it takes one job or sixteen. A place that becomes free is
// worth a claim only where the last one left something ready; as what it left may rest with its channel, claims that find
// nothing then keep twice the distance of the one before, to a bound. A poke is never made to wait by those.
// A claim is a lease: it is renewed while the job runs, and a job whose lease was lost is aborted. Work may therefore run
// twice; every job is safe to repeat, and only the holder of the newest lease can settle it. When the clock has leapt (a
// machine that slept, a clock that was set), leases are renewed before the next claim, which would else take what runs here.
// Stopping takes no new jobs, gives the running ones a while to finish, then aborts them and returns their leases untried.

import type { Clock, Millis } from '../core/ids.ts';
import type { Claim, Claimed, ClaimRequest, Lease, Records } from '../core/records.ts';
import { yielding } from './yielding.ts';

export type Pump = {
  /** There may be something to do. */
  poke(): void;
  /** Jobs that run now. */
  running(): number;
  /** Resolves when nothing runs any more; after `graceMs` what still runs is aborted. */
  stop(graceMs: number): Promise<void>;
};

export type PumpParts<Job extends Claim> = {
  name: string;
  records: Pick<Records, 'renew' | 'release'>;
  claim(request: ClaimRequest): Promise<Claimed<Job>>;
  /** Works on a job and settles it. A throw means that nothing was settled: the lease lapses and the job is claimed again. */
  work(job: Job, signal: AbortSignal): Promise<void>;
  clock: Clock;
  places: number;
  perLane: number;
  perFailingLane: number;
  /** How many jobs a second the lanes that are behind may do together while others keep up; 0: they yield to nobody. */
  backlogPerSecond: number;
  /** Whether jobs may be taken at all now (head-room on the disk). */
  open?(): boolean;
  onError(error: unknown, about: string): void;
};

const leaseMs = 30_000;
const renewEveryMs = 10_000;
const pollEveryMs = 1000;
/** Between the beginnings of two claims: for what is known to be ready, and the most for what is perhaps. */
const distanceMs = { least: 5, most: 40 };

export function startPump<Job extends Claim>(parts: PumpParts<Job>): Pump {
  const { clock, places } = parts;
  const running = new Map<number, { lease: Lease; lane: number; abort: AbortController; done: Promise<void> }>();
  const backlogs = yielding(parts.backlogPerSecond);
  let stopped = false;
  let claiming: Promise<void> | undefined;
  let lastClaimAt = Number.NEGATIVE_INFINITY;
  /** For a place that became free: how far from the last claim the next is worth its cost. */
  let freedDistance = distanceMs.most;
  /** The distance that was asked for while a claim ran. */
  let askedMeanwhile = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let renewedAt = clock.now();

  const poke = () => claimAfter(distanceMs.least);

  /** Claims as soon as the last claim is this long ago. */
  function claimAfter(distance: number): void {
    if (claiming === undefined) claimAt(lastClaimAt + distance);
    else askedMeanwhile = Math.min(askedMeanwhile, distance);
  }

  /** Claims then, or earlier where that was asked for already. */
  function claimAt(at: number): void {
    if (stopped || timerAt <= at) return;
    clearTimeout(timer);
    const wait = at - performance.now();
    timerAt = at;
    if (wait > 0) timer = setTimeout(claim, wait);
    else claim();
  }

  function claim(): void {
    timerAt = Number.POSITIVE_INFINITY;
    lastClaimAt = performance.now();
    claiming = claimOnce()
      .catch((error: unknown) => {
        parts.onError(error, `${parts.name}: claim`);
        return null;
      })
      .then((nextDue) => {
        claiming = undefined;
        const distance = askedMeanwhile;
        askedMeanwhile = Number.POSITIVE_INFINITY;
        claimAt(performance.now() + Math.min(untilDue(nextDue), backlogs.moreAfterMs() ?? pollEveryMs));
        claimAfter(distance);
      });
  }

  async function claimOnce(): Promise<Millis | null> {
    const free = places - running.size;
    if (free <= 0) freedDistance = distanceMs.least;
    if (free <= 0 || parts.open?.() === false) return null;
    if (clock.now() - renewedAt >= leaseMs - renewEveryMs) await renew();
    const { jobs, left, nextDue } = await parts.claim({
      now: clock.now(),
      free,
      perLane: parts.perLane,
      perFailingLane: parts.perFailingLane,
      leaseMs,
      yielding: backlogs.who(
        [...running.values()].map(({ lane }) => lane),
        performance.now(),
      ),
    });
    freedDistance = left ? distanceAfter(jobs.length) : distanceMs.most;
    for (const job of jobs) begin(job);
    return nextDue;
  }

  function begin(job: Job): void {
    const abort = new AbortController();
    const began = performance.now();
    backlogs.begins(job.lane, clock.now() - job.readyAt, began);
    const done = parts
      .work(job, abort.signal)
      .catch((error: unknown) => {
        if (!abort.signal.aborted) parts.onError(error, `${parts.name}: job ${job.job}`);
      })
      .then(() => {
        running.delete(job.job);
        backlogs.ends(job.lane, performance.now() - began);
        claimAfter(freedDistance);
      });
    running.set(job.job, { lease: { job: job.job, attempt: job.attempt }, lane: job.lane, abort, done });
  }

  const distanceAfter = (found: number): number =>
    found > 0 ? distanceMs.least : Math.min(2 * freedDistance, distanceMs.most);

  const untilDue = (nextDue: Millis | null): number =>
    nextDue === null ? pollEveryMs : Math.min(Math.max(nextDue - clock.now(), 1), pollEveryMs);

  /** @returns the jobs whose leases were lost */
  async function renew(): Promise<number[]> {
    const at = clock.now();
    const leases = [...running.values()].map(({ lease }) => lease);
    const lost = leases.length === 0 ? [] : await parts.records.renew({ leases, until: at + leaseMs });
    renewedAt = at;
    return lost;
  }

  async function renewAndAbort(): Promise<void> {
    for (const job of await renew()) running.get(job)?.abort.abort(new Error('the lease was lost'));
  }

  const renewal = setInterval(() => {
    renewAndAbort().catch((error: unknown) => parts.onError(error, `${parts.name}: renew`));
  }, renewEveryMs);

  poke();
  return {
    poke,
    running: () => running.size,
    async stop(graceMs) {
      stopped = true;
      clearTimeout(timer);
      await claiming;
      const all = Promise.all([...running.values()].map(({ done }) => done));
      if (!(await finishes(all, graceMs))) {
        const leases = [...running.values()].map(({ lease }) => lease);
        for (const { abort } of running.values()) abort.abort(new Error('the server is stopping'));
        await all;
        await parts.records.release({ leases, now: clock.now() });
      }
      clearInterval(renewal);
    },
  };
}

async function finishes(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
