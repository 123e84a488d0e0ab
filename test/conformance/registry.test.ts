import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { suites } from '../../src/conformance/registry.ts';
import { dialects } from '../../src/dialects/registry.ts';

const spoken = [...dialects.values()].filter(({ facade }) => facade !== null).map(({ name }) => name);

test('there are checks, golden bodies and a client for every dialect with addresses of its own', () => {
  expect([...suites.keys()].sort()).toEqual(spoken.sort());
  for (const name of spoken) {
    const files = readdirSync(`test/conformance/${name}`, { recursive: true, encoding: 'utf8' });
    expect(files, name).toEqual(expect.arrayContaining(['golden/events.json', 'golden/errors.json']));
    expect(
      files.some((file) => /^client\.\w+$/.test(file)),
      name,
    ).toBe(true);
  }
});

test.each([...suites])('every check of %s is a sentence of its own', (_, checks) => {
  const names = checks.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^\S.* .*[^.]$/);
});

test.each([...suites])('where no server answers, no check of %s passes', async (_, checks) => {
  const nowhere = { url: 'http://[::1]:1', key: 'k' };
  for (const { name, needs, run } of checks) if (needs.length === 0) await expect(run(nowhere), name).rejects.toThrow();
});
