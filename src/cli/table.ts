// Tables for people, fitted to the terminal. Columns stand in the order of their weight: as many are shown as fit, from
// the left. Then the flexible ones are cut, the widest first; ids, states and times never are, because half of one is of
// no use.

import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { JsonObject } from '../core/json.ts';
import { plain } from './plain.ts';
import { nothing } from './readable.ts';

export type Column = {
  head: string;
  of(row: JsonObject): string;
  /** May be cut to what room there is. */
  flexible?: boolean;
  right?: boolean;
};

const gap = 2;
/** A flexible column that would have less is not shown at all. */
const leastWidth = 12;
const none = '';
const noBorders = {
  ...{ top: none, 'top-mid': none, 'top-left': none, 'top-right': none },
  ...{ bottom: none, 'bottom-mid': none, 'bottom-left': none, 'bottom-right': none },
  ...{ left: none, 'left-mid': none, mid: none, 'mid-mid': none, right: none, 'right-mid': none, middle: none },
};

/**
 * Lines of text, the heads first, each at most `width` columns wide unless ids alone need more.
 * @param strong whether the heads are set in bold
 */
export function tableOf(given: readonly Column[], rows: readonly JsonObject[], width: number, strong: boolean): string {
  // A column in which nothing stands is left out.
  const columns = given.filter((column, at) => at === 0 || rows.some((row) => column.of(row) !== nothing));
  const texts = columns.map((column) => [column.head, ...rows.map((row) => plain(column.of(row)))]);
  const natural = texts.map((cells) => Math.max(...cells.map(displayWidth)));
  const shown = fitted(columns, natural, width);
  const table = new Table({
    chars: noBorders,
    style: { 'padding-left': 0, 'padding-right': gap, head: [], border: [], compact: true },
    colAligns: shown.map((_, at) => (columns[at]?.right ? 'right' : 'left')),
  });
  for (let line = 0; line <= rows.length; line++) {
    table.push(
      shown.map((room, at) => {
        const text = cut(texts[at]?.[line] ?? '', room);
        return strong && line === 0 ? styleText('bold', text, { validateStream: false }) : text;
      }),
    );
  }
  return trimmed(table.toString());
}

/** Names and values under each other, nothing cut: links are there to be copied. */
export function factsOf(facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...facts.map(([name]) => displayWidth(name)));
  return facts.map(([name, value]) => `${name.padEnd(width + gap)}${plain(value)}`).join('\n');
}

/** The widths of the columns that are shown, from the left. */
function fitted(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const least = natural.map((wide, at) => (columns[at]?.flexible ? Math.min(wide, leastWidth) : wide));
  let total = 0;
  const many = least.findIndex((wide, at) => {
    total += wide + (at === 0 ? 0 : gap);
    return total > width;
  });
  const widths = natural.slice(0, many === -1 ? natural.length : Math.max(1, many));
  const room = (at: number) => (widths[at] ?? 0) - (least[at] ?? 0);
  for (let over = sum(widths) + gap * (widths.length - 1) - width; over > 0; over--) {
    const givers = [...widths.keys()].filter((at) => room(at) > 0);
    const widest = givers.sort((left, right) => (widths[right] ?? 0) - (widths[left] ?? 0))[0];
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** A line broken between words where it is longer than `width`; what follows the first is indented. */
export function wrapped(text: string, width: number, indent = ''): string {
  const lines = [''];
  for (const word of text.match(/\s*\S+/g) ?? []) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && displayWidth(line + word) > width) lines.push(indent + word.trimStart());
    else lines[lines.length - 1] = line + word;
  }
  return lines.join('\n');
}

const sum = (numbers: readonly number[]): number => numbers.reduce((left, right) => left + right, 0);
const trimmed = (lines: string): string => lines.replace(/[ \t]+$/gm, '');

const characters = new Intl.Segmenter();
// Ideographs, kana, hangul, full-width forms (Unicode East Asian Width W and F) and emoji take two columns.
const wide =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** How many columns a text takes in a terminal. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return sum([...characters.segment(text)].map(({ segment }) => (wide.test(segment) ? 2 : 1)));
}

/** The text, or as much of it as fits with an ellipsis behind. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const { segment } of characters.segment(text)) {
    used += displayWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept}…`;
}
