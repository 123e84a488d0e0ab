// Figures as a table for people and as JSON for programs.

import Table from 'cli-table3';

/** One measured value beside the baseline of the same run. */
export type Figure = {
  /** What was measured, such as `intake, 32 in flight`. */
  name: string;
  value: number;
  unit: string;
  /** What it is held against; absent where only the target counts. */
  baseline?: { name: string; value: number };
  /** What should hold; absent where the figure only informs. */
  target?: { of: 'ratio' | 'value'; bound: 'at least' | 'at most'; limit: number };
};

export const ratioOf = ({ value, baseline }: Figure): number | undefined =>
  baseline === undefined ? undefined : value / baseline.value;

export function isMet(figure: Figure): boolean | undefined {
  const { target } = figure;
  if (target === undefined) return undefined;
  const seen = target.of === 'ratio' ? ratioOf(figure) : figure.value;
  if (seen === undefined) throw new Error(`${figure.name} has a target for a ratio and no baseline`);
  return target.bound === 'at least' ? seen >= target.limit : seen <= target.limit;
}

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

export function tableOf(figures: readonly Figure[]): string {
  const table = new Table({
    head: ['figure', 'measured', 'baseline', 'ratio', 'target', ''],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'left', 'right', 'left', 'left'],
  });
  for (const figure of figures) {
    const { name, value, unit, baseline, target } = figure;
    const ratio = ratioOf(figure);
    const met = isMet(figure);
    table.push([
      name,
      `${number(value)} ${unit}`,
      baseline === undefined ? '' : `${number(baseline.value)} ${baseline.name}`,
      ratio === undefined ? '' : ratio.toFixed(2),
      target === undefined ? '' : `${target.bound === 'at least' ? '≥' : '≤'} ${target.limit}`,
      met === undefined ? '' : met ? 'met' : 'MISSED',
    ]);
  }
  return table.toString();
}

/** The same, for programs. */
export const rowsOf = (figures: readonly Figure[]): object[] =>
  figures.map((figure) => ({ ...figure, ratio: ratioOf(figure) ?? null, met: isMet(figure) ?? null }));
