import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Fault } from '../../core/faults.ts';
import { open, type Route } from '../route.ts';

// Swagger UI: in the package a copy lies beside the code, from source it comes from where npm put it.
const packed = new URL('../swagger-ui/', import.meta.url);
const swaggerUi = () =>
  existsSync(packed) ? packed : new URL('./', import.meta.resolve('swagger-ui-dist/swagger-ui.css'));

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mediadock API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const start = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#api', deepLinking: true, tryItOutEnabled: true });
`;

const files: Readonly<Record<string, { type: string; read(): Promise<string> }>> = {
  'swagger-ui.css': { type: 'text/css', read: () => readFile(new URL('swagger-ui.css', swaggerUi()), 'utf8') },
  'swagger-ui-bundle.js': {
    type: 'text/javascript',
    read: () => readFile(new URL('swagger-ui-bundle.js', swaggerUi()), 'utf8'),
  },
  'start.js': { type: 'text/javascript', read: async () => start },
};

// Nothing comes from or goes to another origin; the library sets styles on elements.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const anything = z.looseObject({});

export const docsRoutes: readonly Route[] = [
  open({
    method: 'GET',
    path: '/openapi.json',
    operation: 'getOpenApi',
    summary: 'This API as OpenAPI 3.1.',
    needs: 'nothing',
    answers: z.looseObject({ openapi: z.string() }),
    query: anything,
    handler: ({ parts }) => ({ openapi: '', ...parts.openApi() }),
  }),

  open({
    method: 'GET',
    path: '/openapi/:dialect.json',
    operation: 'getDialectOpenApi',
    summary: 'The addresses of a dialect as OpenAPI 3.1.',
    needs: 'nothing',
    answers: z.looseObject({ openapi: z.string() }),
    faults: ['not_found'],
    params: z.object({ dialect: z.string() }),
    query: anything,
    handler({ params, parts }) {
      const dialect = parts.facades?.dialects.get(params.dialect);
      if (!dialect?.facade) throw new Fault('not_found');
      return { openapi: '', ...parts.openApi(dialect) };
    },
  }),

  open({
    method: 'GET',
    path: '/docs',
    operation: 'getDocs',
    summary: 'A page to read this API and try it.',
    needs: 'nothing',
    answers: { says: 'The page.', types: ['text/html'] },
    query: anything,
    async handler({ reply }) {
      const headers = { 'content-security-policy': policy, 'referrer-policy': 'no-referrer' };
      return await reply.headers(headers).type('text/html; charset=utf-8').send(page);
    },
  }),

  open({
    method: 'GET',
    path: '/docs/:file',
    operation: 'getDocsFile',
    summary: 'What that page is made of.',
    needs: 'nothing',
    answers: { says: 'The file.', types: ['text/css', 'text/javascript'] },
    faults: ['not_found'],
    params: z.object({ file: z.string() }),
    query: anything,
    async handler({ params, reply }) {
      const file = Object.hasOwn(files, params.file) ? files[params.file] : undefined;
      if (file === undefined) throw new Fault('not_found');
      const body = await file.read();
      return await reply.header('cache-control', 'public, max-age=3600').type(`${file.type}; charset=utf-8`).send(body);
    },
  }),
];
