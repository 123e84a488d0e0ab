// Writes the API as it is served into docs/openapi.json; with --released also into docs/openapi.released.json, which stands for
// what clients rely on: for a release, after the last change.

import { writeFileSync } from 'node:fs';
import { openApi } from '../src/http/openapi.ts';
import { routeGroups } from '../src/http/routes.ts';
import { version } from '../src/version.ts';

const text = `${JSON.stringify(openApi(routeGroups, version), null, 2)}\n`;
writeFileSync('docs/openapi.json', text);
if (process.argv.includes('--released')) writeFileSync('docs/openapi.released.json', text);
