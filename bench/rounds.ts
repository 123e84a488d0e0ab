// What shares a machine is noisy, so contestants take turns, A B A B, and the median of each counts.

/** Runs each contestant so many times in turn. @returns the runs of each */
export async function inTurns<Name extends string, Run>(
  rounds: number,
  contestants: Readonly<Record<Name, () => Promise<Run>>>,
): Promise<Record<Name, Run[]>> {
  const names = Object.keys(contestants) as Name[];
  const runs = Object.fromEntries(names.map((name) => [name, [] as Run[]])) as Record<Name, Run[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) runs[name].push(await contestants[name]());
  }
  return runs;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error('nothing was measured');
  return (low + high) / 2;
}
