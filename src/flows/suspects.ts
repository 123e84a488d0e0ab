// Jobs that rest because their claims lapsed again and again: each is told of once, loudly, because nothing else will
// happen until a person looks.

import type { Records, RestingJob } from '../core/records.ts';

/** Most that are looked at; where more rest, the first of them say enough. */
const mostTold = 100;

/** @returns looks for resting jobs and reports those that it has not reported before */
export function watchSuspects(parts: {
  records: Pick<Records, 'listResting'>;
  report(job: RestingJob): void;
}): () => Promise<void> {
  let told = new Set<string>();
  return async () => {
    const resting = await parts.records.listResting({ limit: mostTold });
    for (const job of resting) if (!told.has(job.id)) parts.report(job);
    told = new Set(resting.map(({ id }) => id));
  };
}
