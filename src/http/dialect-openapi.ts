// A dialect's addresses as OpenAPI 3.1, made of the rows that are served. What they read and answer their own descriptions tell:
// it is the vendor's form, and the vendor's page stays what counts.

import { STATUS_CODES } from 'node:http';
import type { Dialect, DialectRoute } from '../core/dialect.ts';
import type { JsonObject } from '../core/json.ts';

export function dialectOpenApi(dialect: Dialect, version: string): JsonObject {
  const { name, facade, socket } = dialect;
  const refusals = refusalBook();
  const paths: { [path: string]: JsonObject } = {};
  for (const route of facade?.routes ?? []) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, refusals) };
  }
  if (socket !== undefined) paths[socket.path] = { ...paths[socket.path], get: socketOperation(socket) };
  return {
    openapi: '3.1.1',
    info: {
      title: `mediadock: ${name}`,
      version,
      description: `What clients of the dialect ${name} call. Every address answers below /a/{app id} too.`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: refusals.all(),
      securitySchemes: {
        Bearer: { type: 'http', scheme: 'bearer' },
        ApiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        Basic: { type: 'http', scheme: 'basic', description: 'The key is the password.' },
        ...(socket && { KeyInQuery: { type: 'apiKey', in: 'query', name: socket.keyIn } }),
      },
    },
  };
}

const withKey: JsonObject[] = [{ Bearer: [] }, { ApiKey: [] }, { Basic: [] }];

function operationOf(route: DialectRoute, refusals: RefusalBook): JsonObject {
  const { summary, query, answers } = route.describes;
  const parameters = [...pathParameters(route.path), ...(query === undefined ? [] : queryParameters(query))];
  const body = bodyOf(route);
  return {
    operationId: operationId(route),
    summary,
    description: whoMayCall(route),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: body }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, schema]) => [status, responseOf(status, schema, refusals)]),
    ),
    // Who reads the password itself may do without any.
    security: route.needs === 'password' ? [{}, { Basic: [] }] : withKey,
  };
}

const socketOperation = (socket: NonNullable<Dialect['socket']>): JsonObject => ({
  operationId: operationId({ method: 'GET', path: socket.path }),
  summary: 'Tells messages over a WebSocket.',
  description: 'Needs a key with the permission `read`.',
  responses: { 101: { description: 'Switching Protocols' }, 426: { description: 'Upgrade Required' } },
  security: [...withKey, { KeyInQuery: [] }],
});

/** `getV1MediaByMediaId`: told by method and path, which are the vendor's and do not change. */
function operationId({ method, path }: Pick<DialectRoute, 'method' | 'path'>): string {
  const words = path.replaceAll(/:(\w+)/g, 'by-$1').match(/\w+/g) ?? [];
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function whoMayCall({ needs }: DialectRoute): string {
  if (needs === 'password') return 'Needs no key.';
  return `Needs a key of the ${needs.reach} with the permission \`${needs.permission}\`.`;
}

const pathParameters = (path: string): JsonObject[] =>
  (path.match(/:\w+/g) ?? []).map((name) => ({
    name: name.slice(1),
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

/** Members of a schema as parameters. */
function queryParameters(schema: JsonObject): JsonObject[] {
  const { properties = {}, required = [] } = schema as { properties?: JsonObject; required?: string[] };
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: 'query',
    ...(required.includes(name) && { required: true }),
    schema: one,
  }));
}

function bodyOf({ takes, describes: { body } }: DialectRoute): JsonObject | undefined {
  if (body === undefined) return undefined;
  const binary = body['type'] === 'object' ? 'multipart/form-data' : '*/*';
  return { content: { [takes === 'stream' ? binary : 'application/json']: { schema: body } } };
}

function responseOf(status: string, schema: JsonObject | null, refusals: RefusalBook): JsonObject {
  const shown = schema && (Number(status) < 400 ? schema : refusals.refTo(schema));
  return {
    description: STATUS_CODES[status] ?? status,
    ...(shown && { content: { 'application/json': { schema: shown } } }),
  };
}

type RefusalBook = ReturnType<typeof refusalBook>;

/** Keeps each form of a refusal once: a vendor has few, and every address answers them. */
function refusalBook() {
  const kept: { [text: string]: { name: string; schema: JsonObject } } = {};
  return {
    refTo(schema: JsonObject): JsonObject {
      const many = Object.keys(kept).length;
      kept[JSON.stringify(schema)] ??= { name: many === 0 ? 'Refusal' : `Refusal${many + 1}`, schema };
      return { $ref: `#/components/schemas/${kept[JSON.stringify(schema)]?.name}` };
    },
    all: (): JsonObject => Object.fromEntries(Object.values(kept).map(({ name, schema }) => [name, schema])),
  };
}
