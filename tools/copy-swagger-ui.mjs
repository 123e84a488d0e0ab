// Puts what the page of the API needs beside the code that serves it: the library itself is not needed to run.
import { copyFileSync, mkdirSync } from 'node:fs';

const from = 'node_modules/swagger-ui-dist';
const to = 'dist/http/swagger-ui';
mkdirSync(to, { recursive: true });
for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'])
  copyFileSync(`${from}/${name}`, `${to}/${name}`);
