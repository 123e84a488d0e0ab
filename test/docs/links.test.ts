// Every relative link of every page leads to a file, and to a heading where it names one.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const pages = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The page without its code, in which brackets mean something else. */
const proseOf = (page: string): string =>
  readFileSync(page, 'utf8')
    .replace(/^```.*?^```/gms, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '));

/** Targets of the links of a text that lead to files of this repository. */
const targetsIn = (prose: string): string[] =>
  [...prose.matchAll(/\[[^\]]*\]\(\s*([^)\s]+)[^)]*\)/g)].flatMap(([, target = '']) =>
    /^[a-z]+:/i.test(target) ? [] : [target],
  );

/** The anchors of a text's headings, as GitHub makes them. */
function anchorsIn(prose: string): string[] {
  const seen = new Map<string, number>();
  return [...prose.matchAll(/^#{1,6} +(.*?) *#*$/gm)].map(([, heading = '']) => {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

/** Why a link leads nowhere; undefined: it leads somewhere. */
function objectionTo(target: string, page: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)));
  if (file.startsWith('..')) return `${target}: outside of the repository`;
  if (!existsSync(file)) return `${target}: there is no ${file}`;
  if (anchor === undefined) return undefined;
  if (statSync(file).isDirectory()) return `${target}: a folder has no headings`;
  return anchorsIn(proseOf(file)).includes(anchor) ? undefined : `${target}: ${file} has no such heading`;
}

test.each(pages)('every link in %s leads somewhere', (page) => {
  expect(targetsIn(proseOf(page)).flatMap((target) => objectionTo(target, page) ?? [])).toEqual([]);
});

test('from the README every page is at most two links away', () => {
  const from = (page: string): string[] =>
    targetsIn(proseOf(page)).flatMap((target) => {
      const path = target.split('#', 1)[0] ?? '';
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(file)) return [];
      return statSync(file).isDirectory() ? pages.filter((one) => dirname(one) === file.replace(/\/$/, '')) : [file];
    });
  const near = from('README.md');
  const reached = new Set(['README.md', ...near, ...near.filter((file) => pages.includes(file)).flatMap(from)]);
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});

test('a planted link to nowhere is seen', () => {
  const planted = 'See [one](concepts.md#the-life-of-nobody), [two](nothing.md), [three](#) and [four](../../else.md).';
  expect(targetsIn(planted).map((target) => objectionTo(target, 'docs/api.md'))).toEqual([
    'concepts.md#the-life-of-nobody: docs/concepts.md has no such heading',
    'nothing.md: there is no docs/nothing.md',
    '#: docs/api.md has no such heading',
    '../../else.md: outside of the repository',
  ]);
});

test('anchors are those that GitHub makes', () => {
  expect(
    anchorsIn('# Why is *my* media missing?\n## `GET /api/v1/media/{id}`\n## Die Größe, 2 × 3\n## Again\n## Again'),
  ).toEqual(['why-is-my-media-missing', 'get-apiv1mediaid', 'die-größe-2--3', 'again', 'again-1']);
});
