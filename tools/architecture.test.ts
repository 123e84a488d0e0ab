// Reads the room table of ARCHITECTURE.md (rows that begin with | `room` |; the last cell names what the room may import)
// and holds the imports under src/ against it.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { expect, test } from 'vitest';

const rows = [...readFileSync('ARCHITECTURE.md', 'utf8').matchAll(/^\| `(\w+)` \|.*\|([^|]*)\|$/gm)];
const mayImport = new Map(
  rows.map(([, room, allowed]) => [room ?? '', [...(allowed ?? '').matchAll(/\w+/g)].map(String)]),
);
const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
);

/** Everything a source names as an import: static, dynamic, for its effects, or as a worker's URL. */
const targetsOf = (source: string): string[] =>
  [
    ...source.matchAll(
      /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*|new URL\(\s*|\?\s*|:\s*)['"](\.{1,2}\/[^'"]+|node:[\w/]+|[@\w][^'"\s]*)['"]/g,
    ),
  ].flatMap(([whole, target]) =>
    target !== undefined && (!/^[?:]/.test(whole) || /^\.{1,2}\/.*\.[jt]s$/.test(target)) ? [target] : [],
  );
const sourceOf = (file: string) => readFileSync(join('src', file), 'utf8');
const neighboursOf = (file: string) =>
  targetsOf(sourceOf(file))
    .filter((target) => target.startsWith('.') && /\.[jt]s$/.test(target))
    .map((target) => relative('src', join('src', dirname(file), target.replace(/\.js$/, '.ts'))));
const roomOf = (file: string) => file.split(sep)[0] ?? '';

/** Imports of `file` that its room may not make. */
const trespasses = (file: string, targets: string[]) =>
  targets.map(roomOf).filter((to) => to !== roomOf(file) && !mayImport.get(roomOf(file))?.includes(to));

test('the table lists every room, each importing only rooms above it', () => {
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual([...mayImport.keys()].sort());
  const above = new Set<string>();
  for (const [room, allowed] of mayImport) {
    for (const name of allowed) expect(above, `${room} names ${name}`).toContain(name);
    above.add(room);
  }
});

test('no file imports from a room the table does not allow', () => {
  for (const file of files.filter((name) => name.includes(sep))) {
    expect(trespasses(file, neighboursOf(file)), file).toEqual([]);
  }
});

test('core touches nothing outside itself but hashing', () => {
  for (const file of files.filter((name) => roomOf(name) === 'core')) {
    const outside = targetsOf(sourceOf(file)).filter((target) => !target.startsWith('.') && target !== 'node:crypto');
    expect(outside, file).toEqual([]);
  }
});

test('no file reaches itself', () => {
  const done = new Set<string>();
  const visit = (file: string, trail: string[]): void => {
    expect(trail, [...trail, file].join(' → ')).not.toContain(file);
    if (done.has(file) || !files.includes(file)) return;
    for (const next of neighboursOf(file)) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test('no file has a name that says nothing', () => {
  const empty = /(?:^|[\\/.-])(?:utils?|helpers?|common|misc|manager|service|base|lib)(?:[\\/.-]|$)/;
  expect(files.filter((file) => empty.test(file.replace(/\.ts$/, '')))).toEqual([]);
});

test('a planted import is seen, whatever its quotes and form', () => {
  const planted = `import a from "../flows/a.ts"; import type { B } from '../flows/b.ts'; import '../flows/c.ts';
    await import("../flows/d.ts"); new URL('../flows/e.ts', import.meta.url); export * from '../flows/f.ts';
    new URL(fromSource ? '../flows/g.ts' : '../flows/h.js', import.meta.url)`;
  expect(targetsOf(planted)).toHaveLength(8);
});

test('a planted violation is refused: a room reaching sideways, up, or to the roof', () => {
  for (const [file, target] of [
    ['core/words.ts', 'flows/capture.ts'],
    ['http/routes/media.ts', 'database/sqlite/open.ts'],
    ['cli/media.ts', 'flows/access.ts'],
    ['dialects/native.ts', 'outgoing/guarded-requester.ts'],
    ['flows/capture.ts', 'gateway.ts'],
  ] as const) {
    expect(trespasses(file, [target]), `${file} → ${target}`).toEqual([roomOf(target)]);
  }
});
