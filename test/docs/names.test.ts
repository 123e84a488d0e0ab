// What pages name exists: settings, commands and their options, and the codes of errors.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';

const never = () => Promise.reject(new Error('not to be called'));
const program = buildProgram(
  {
    env: {},
    stdin: Readable.from([]),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: new AbortController().signal,
    now: () => 0,
    pause: never,
  },
  { serve: never, demo: never, restore: never, settings: () => [] },
  '1.2.3',
);

const pages = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((name) => ({ name, text: readFileSync(name, 'utf8') }));

/** Calls of `mediadock` in a page: in blocks to their line's end (with continued lines), in running text between backticks. */
function callsIn(text: string): string[] {
  const blocks = [...text.matchAll(/^ *```(?:sh)?\n(.*?)^ *```/gms)].flatMap(([, block = '']) =>
    [
      ...block.replaceAll(/\\\n\s*/g, '').matchAll(/^\s*(?:.*\| )?(mediadock [a-z].*|npm run -s mediadock -- .*)$/gm),
    ].map(([, call = '']) => call),
  );
  const spans = [
    ...text.replace(/^ *```.*?^ *```/gms, '').matchAll(/`((?:mediadock|npm run -s mediadock --) [^`]+)`/g),
  ];
  return [...blocks, ...spans.map(([, call = '']) => call)].map((call) =>
    call.replace(/^npm run -s mediadock --/, 'mediadock').replace(/\s+# .*$/, ''),
  );
}

/** What is wrong with a call; undefined: the command has all that is named. */
function objectionTo(call: string): string | undefined {
  const words = call.split(/[\s=]+/).slice(1);
  let command: Command = program;
  while (words[0] !== undefined && command.commands.length > 0 && !words[0].startsWith('-')) {
    const [name = '', ...more] = words.shift()?.split('|') ?? [];
    const found = [name, ...more].map((one) =>
      command.commands.find((known) => [known.name(), ...known.aliases()].includes(one)),
    );
    if (found[0] === undefined || found.includes(undefined)) return `${call}: there is no such command`;
    command = found[0];
  }
  const known = [...command.options, ...program.options].flatMap(({ long, short }) => [long, short]);
  const unknown = words.find((word) => /^--?[a-z]/.test(word) && !['--help', ...known].includes(word));
  return unknown === undefined ? undefined : `${call}: it has no option ${unknown}`;
}

test.each(pages)('every command that $name shows exists, with its options', ({ text }) => {
  expect(callsIn(text).flatMap((call) => objectionTo(call) ?? [])).toEqual([]);
});

test.each(pages)('every setting that $name names is one', ({ text }) => {
  const settings = readFileSync('docs/config.md', 'utf8');
  const known = new Set([...settings.matchAll(/^\| `(MEDIADOCK_\w+)`/gm)].map(([, name]) => name));
  const forTests = ['MEDIADOCK_TEST_ENGINE', 'MEDIADOCK_SERVICE_HOST'];
  const named = [...text.matchAll(/\bMEDIADOCK_[A-Z_]*[A-Z]\b/g)].map(([name]) => name);
  expect(named.filter((name) => !known.has(name.replace(/_FILE$/, '')) && !forTests.includes(name))).toEqual([]);
});

test.each(pages)('every fault that $name gives with its status is in the table, with that status', ({ text }) => {
  const table = readFileSync('docs/faults.md', 'utf8');
  const known = new Set(
    [...table.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, code, status]) => `${status} ${code}`),
  );
  const named = [...text.matchAll(/\b([45]\d\d) `([a-z]+_[a-z_]+)`/g)].map(([, status, code]) => `${status} ${code}`);
  expect(named.filter((one) => !known.has(one))).toEqual([]);
});

test('planted names that do not exist are seen', () => {
  const planted =
    '`mediadock media fly`, `mediadock media ls --upside`\n```sh\ncat x | mediadock media get med_… --force\n```\n';
  expect(callsIn(planted).map(objectionTo)).toEqual([
    undefined,
    'mediadock media fly: there is no such command',
    'mediadock media ls --upside: it has no option --upside',
  ]);
});
