import { grouping, type OnCommit } from '../group.ts';
import { isOutage } from './failure.ts';

/** Commits of one kind that run at the same time on one node; more would only be in each other's way. */
const lanes = 2;

/**
 * Calls that come while a commit runs share the next one. When it is refused, each call is made by itself, so that only
 * the guilty one fails; in an outage nothing is made again, and all hear of it.
 * @param run makes units true in one commit and gives one outcome for each
 * @param alone the same for the units of one call, after a shared commit was refused
 */
export function sharingCommits<Unit, Outcome>(
  run: (units: readonly Unit[]) => Promise<Outcome[]>,
  alone: (units: readonly Unit[]) => Promise<Outcome[]>,
  log: (line: object) => void,
  onCommit: OnCommit | undefined,
): (units: readonly Unit[]) => Promise<Outcome[]> {
  return grouping(
    async (calls: (readonly Unit[])[]): Promise<PromiseSettledResult<Outcome[]>[]> => {
      try {
        const outcomes = await run(calls.flat());
        let end = 0;
        return calls.map(({ length }) => {
          end += length;
          return { status: 'fulfilled', value: outcomes.slice(end - length, end) };
        });
      } catch (error) {
        if (isOutage(error)) throw error;
        const said = error instanceof Error ? error.message : String(error);
        log({ notice: 'a commit was rolled back', commands: calls.length, error: said });
        const settled: PromiseSettledResult<Outcome[]>[] = [];
        for (const units of calls) settled.push(...(await Promise.allSettled([alone(units)])));
        return settled;
      }
    },
    lanes,
    onCommit,
  );
}
