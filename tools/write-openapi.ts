// Writes the API as it is served into docs/openapi.json, and each dialect's addresses into docs/dialects/openapi; with --released
// the API also into docs/openapi.released.json, which stands for what clients rely on: for a release, after the last change.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dialects } from '../src/dialects/registry.ts';
import { dialectOpenApi } from '../src/http/dialect-openapi.ts';
import { openApi } from '../src/http/openapi.ts';
import { routeGroups } from '../src/http/routes.ts';
import { version } from '../src/version.ts';

const textOf = (document: object) => `${JSON.stringify(document, null, 2)}\n`;

const text = textOf(openApi(routeGroups, version));
writeFileSync('docs/openapi.json', text);
if (process.argv.includes('--released')) writeFileSync('docs/openapi.released.json', text);

mkdirSync('docs/dialects/openapi', { recursive: true });
for (const dialect of dialects.values())
  if (dialect.facade !== null)
    writeFileSync(`docs/dialects/openapi/${dialect.name}.json`, textOf(dialectOpenApi(dialect, version)));
