// Where results go: with --json one document for programs, else text for people. Everything that is not a result
// goes to stderr, so that a pipe carries results only.

import type { Json, JsonObject } from '../core/json.ts';
import { plain } from './plain.ts';
import { factsIn } from './readable.ts';
import { type Column, factsOf, tableOf, wrapped } from './table.ts';
import { type World, widthOf } from './world.ts';

export type Output = {
  json: boolean;
  /** The result: `document` for programs, what `print` gives for people. */
  result(document: Json, print: () => string): void;
  /** One of many results, as they come: a line of JSON for programs, what `print` gives for people. */
  line(document: Json, print: () => string): void;
  /** A page of a list as the server gave it. */
  list(answer: JsonObject, rows: readonly JsonObject[], columns: readonly Column[]): void;
  /** One thing with all its members. */
  thing(thing: JsonObject): void;
  table(rows: readonly JsonObject[], columns: readonly Column[]): string;
  /** A line broken between words to the width of the terminal. */
  wrap(text: string, indent?: string): string;
  /** A line for the person, on stderr. */
  note(line: string): void;
};

export function output(world: World, json: boolean): Output {
  const strong = world.stdout.isTTY === true && world.env['NO_COLOR'] === undefined;
  const table = (rows: readonly JsonObject[], columns: readonly Column[]) =>
    tableOf(columns, rows, widthOf(world), strong);
  const result: Output['result'] = (document, print) => {
    const text = json ? documentOf(document) : print();
    if (text !== '') world.stdout.write(`${text}\n`);
  };
  const note = (line: string) => {
    world.stderr.write(`${plain(line)}\n`);
  };

  return {
    json,
    result,
    table,
    wrap: (text, indent) => wrapped(plain(text), widthOf(world), indent),
    note,
    line(document, print) {
      world.stdout.write(`${json ? documentOf(document, 0) : plain(print())}\n`);
    },
    list(answer, rows, columns) {
      result(answer, () => (rows.length === 0 ? '' : table(rows, columns)));
      if (json) return;
      if (rows.length === 0) note('there are none');
      if (typeof answer['next'] === 'string' && rows.length > 0) note(`more: --cursor ${answer['next']}`);
    },
    thing: (thing) => result(thing, () => factsOf(factsIn(thing))),
  };
}

/** JSON leaves U+007F to U+009F as they are, and terminals obey them. */
const documentOf = (value: Json, indent = 2): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
