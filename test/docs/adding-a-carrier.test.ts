// docs/adding-a-carrier.md shows pieces of code, the members of the port and paths: they are what is there.

import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { carriers } from '../../src/carriers/registry.ts';
import { toy } from '../carriers/toy.ts';

const page = readFileSync('docs/adding-a-carrier.md', 'utf8');

test('every piece of code on the page stands in its file, word for word', () => {
  const pieces = [...page.matchAll(/^<!-- from: (\S+) -->\n```ts\n(.*?)^```$/gms)];
  expect(pieces.length).toBe(page.match(/^```ts$/gm)?.length);
  for (const [, file = '', text = ''] of pieces) expect(readFileSync(file, 'utf8')).toContain(text);
});

test('the table of the port names every member that carriers have, and no other', () => {
  const table = page.slice(page.indexOf('| member |'), page.indexOf('**Settings**'));
  const named = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  for (const carrier of [toy, ...carriers.values()]) expect(named.sort()).toEqual(Object.keys(carrier).sort());
});

test('every file that the page names is there', () => {
  const paths = [...page.matchAll(/`((?:src|test|docs)\/[^`\s{}]+)`/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(3);
  for (const path of paths) expect(existsSync(path), path).toBe(true);
});
