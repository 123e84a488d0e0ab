import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Dialect } from '../src/core/dialect.ts';
import { dialects } from '../src/dialects/registry.ts';
import { dialectOpenApi } from '../src/http/dialect-openapi.ts';
import { version } from '../src/version.ts';

type Operation = {
  operationId: string;
  parameters?: { name: string; in: string }[];
  responses: Record<string, { content?: object }>;
};
type Document = { paths: Record<string, Record<string, Operation>> };

const spoken = [...dialects.values()].filter(({ facade }) => facade !== null);
const folder = 'docs/dialects/openapi';
const documentOf = (dialect: Dialect) => JSON.parse(JSON.stringify(dialectOpenApi(dialect, version))) as Document;

test('there is a file for each dialect with addresses, and no other', () => {
  expect(readdirSync(folder).sort()).toEqual(spoken.map(({ name }) => `${name}.json`).sort());
});

test.each(spoken)('docs/dialects/openapi/$name.json is what is served; `npm run openapi` renews it', (dialect) => {
  const kept: unknown = JSON.parse(readFileSync(`${folder}/${dialect.name}.json`, 'utf8'));
  // The texts are compared, because a whole difference would fill the screen.
  const isServed = JSON.stringify(kept) === JSON.stringify(documentOf(dialect));
  expect(isServed, 'run `npm run openapi`').toBe(true);
});

test.each(spoken)(
  'every address of $name is told, by a name of its own, with its parameters and what it answers',
  (dialect) => {
    const { paths } = documentOf(dialect);
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    const rows = (dialect.facade?.routes.length ?? 0) + (dialect.socket === undefined ? 0 : 1);
    expect(operations).toHaveLength(rows);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(rows);
    for (const { path, parameters = [], responses } of operations) {
      const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(
        parameters.filter((one) => one.in === 'path').map(({ name }) => name),
        path,
      ).toEqual(places);
      expect(
        Object.keys(responses).every((status) => /^[1-5]\d\d$/.test(status)),
        path,
      ).toBe(true);
      expect(Object.keys(responses), path).not.toEqual([]);
    }
  },
);
