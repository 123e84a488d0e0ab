// The API as OpenAPI 3.1, made of the rows that are served and the schemas that validate, so that it cannot tell anything else.
// docs/openapi.json is what it makes; a test holds the two together, and another one refuses changes that break clients.

import { z } from 'zod';
import { type FaultCode, faults } from '../core/faults.ts';
import type { JsonObject } from '../core/json.ts';
import { events } from './event-answers.ts';
import { wire } from './fields.ts';
import { type ProtocolFaultCode, problem, protocolFaults, statusOfKind } from './problems.ts';
import type { Route } from './route.ts';

type Code = FaultCode | ProtocolFaultCode;

/** @param groups rows by their tag */
export function openApi(groups: Readonly<Record<string, readonly Route[]>>, version: string): JsonObject {
  const schemas = schemaBook();
  const refusals = refusalBook();
  const paths: { [path: string]: JsonObject } = {};
  for (const [tag, routes] of Object.entries(groups)) {
    for (const route of routes) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}').replace('*', `{${restName}}`);
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(tag, route, schemas, refusals) };
    }
  }
  const webhooks = Object.fromEntries(
    Object.entries(events)
      // Told to endpoints of other dialects alone.
      .filter(([type]) => type !== 'media.answered')
      .map(([type, schema]) => [type, webhookOf(type, schema, schemas)]),
  );
  schemas.of(problem, 'output');
  return {
    openapi: '3.1.1',
    info: {
      title: 'mediadock',
      version,
      description:
        'The native API. Members may be added to answers at any time. Errors are problem documents (RFC 9457) with a stable code.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.keys(groups).map((name) => ({ name })),
    paths,
    webhooks,
    components: {
      schemas: schemas.named(),
      responses: refusals.all(),
      headers: headerComponents,
      parameters: { IdempotencyKey: idempotencyKey },
      securitySchemes: {
        Bearer: { type: 'http', scheme: 'bearer' },
        ApiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
      },
    },
  };
}

/** What `*` in a path is called here. */
const restName = 'link';

const idempotencyKey: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same request with the same key is carried out once, and answered the same way again for a day.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const rateHeaders = {
  'RateLimit-Limit': { description: 'Requests that the key may make in a minute.', schema: { type: 'integer' } },
  'RateLimit-Remaining': { description: 'How many of them are left.', schema: { type: 'integer' } },
  'RateLimit-Reset': { description: 'Seconds until all of them are left again.', schema: { type: 'integer' } },
};
const headerComponents: JsonObject = {
  ...rateHeaders,
  'Retry-After': { description: 'Seconds after which the same request may succeed.', schema: { type: 'integer' } },
  'Idempotency-Replayed': {
    description: 'true: this is the answer to an earlier request.',
    schema: { type: 'string' },
  },
};
const headerRefs = (names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

type SchemaBook = ReturnType<typeof schemaBook>;
type Refusals = ReturnType<typeof refusalBook>;

function operationOf(tag: string, route: Route, schemas: SchemaBook, refusals: Refusals): JsonObject {
  const isKeyed = typeof route.needs === 'object';
  const changes = isKeyed && route.method !== 'GET';
  const body = bodyOf(route, schemas);
  const parameters = [
    ...parametersOf(route.params, 'path', schemas),
    ...parametersOf(route.query, 'query', schemas),
    ...(changes ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ];
  return {
    operationId: route.operation,
    tags: [tag],
    summary: route.summary,
    description: whoMayCall(route),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: { [route.status]: successOf(route, schemas, isKeyed, changes), ...refusalsOf(route, isKeyed, refusals) },
    security: securityOf(route),
  };
}

function whoMayCall({ needs }: Route): string {
  if (needs === 'nothing') return 'Needs no key.';
  if (needs === 'link') return 'Needs no key: the link is signed.';
  if (needs === 'metrics') return 'Needs a key with the permission `read` of the whole instance, or the metrics token.';
  const reach = needs.reach === 'instance' ? ' of the whole instance' : '';
  const later = needs.orInFirstFrame === true ? ', in a header or in the first frame' : '';
  return `Needs a key with the permission \`${needs.permission}\`${reach}${later}.`;
}

function securityOf({ needs }: Route): JsonObject[] {
  if (needs === 'nothing' || needs === 'link') return [];
  const later = typeof needs === 'object' && needs.orInFirstFrame === true ? [{}] : [];
  return [{ Bearer: [] }, { ApiKey: [] }, ...later];
}

/** Members of a schema as parameters. */
function parametersOf(schema: z.ZodType, where: 'path' | 'query', schemas: SchemaBook): JsonObject[] {
  const { properties = {}, required = [] } = schemas.of(schema, 'input') as {
    properties?: Record<string, JsonObject>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name: name === '*' ? restName : name,
    in: where,
    ...((where === 'path' || required.includes(name)) && { required: true }),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

function bodyOf(route: Route, schemas: SchemaBook): JsonObject | undefined {
  if (route.takes !== 'json') {
    if (route.method === 'GET') return undefined;
    const types = route.consumes.length > 0 ? route.consumes : ['*/*'];
    return { content: Object.fromEntries(types.map((type) => [type, fileBody(type)])) };
  }
  const schema = schemas.of(route.body, 'input') as { properties?: object; required?: string[] } & JsonObject;
  if (Object.keys(schema.properties ?? {}).length === 0) return undefined;
  return { required: (schema.required ?? []).length > 0, content: { 'application/json': { schema } } };
}

const fileBody = (type: string): JsonObject =>
  type === 'multipart/form-data'
    ? { schema: { type: 'object', properties: { file: { type: 'string', format: 'binary' } }, required: ['file'] } }
    : { schema: { type: 'string', format: 'binary' } };

function successOf({ answers }: Route, schemas: SchemaBook, isKeyed: boolean, changes: boolean): JsonObject {
  const names = [...(isKeyed ? Object.keys(rateHeaders) : []), ...(changes ? ['Idempotency-Replayed'] : [])];
  const headers = names.length > 0 && { headers: headerRefs(names) };
  if (answers === 'nothing') return { description: 'Done.', ...headers };
  if (answers instanceof z.ZodType) {
    return {
      description: 'Done.',
      ...headers,
      content: { 'application/json': { schema: schemas.of(answers, 'output') } },
    };
  }
  const content = Object.fromEntries(answers.types.map((type) => [type, {}]));
  return { description: answers.says, ...headers, ...(answers.types.length > 0 && { content }) };
}

/** What can go wrong, by status; which codes there are, and when, tells the description. */
function refusalsOf(route: Route, isKeyed: boolean, refusals: Refusals): JsonObject {
  const codes = new Set<Code>([
    'invalid_request',
    ...(isKeyed ? (['key_missing', 'key_unknown', 'permission_missing', 'rate_limited'] as const) : []),
    ...(isKeyed && route.path.includes(':') ? (['not_found'] as const) : []),
    ...(route.takes === 'json' && route.method !== 'GET' ? (['body_too_large', 'body_type_unsupported'] as const) : []),
    ...(isKeyed && route.method !== 'GET' ? (['idempotency_reused', 'idempotency_running'] as const) : []),
    ...route.faults,
    'internal',
    'stopping',
  ]);
  const byStatus = Map.groupBy(codes, (code) => refusalOf(code).status);
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, some]) => [status, { $ref: `#/components/responses/${refusals.nameOf(status, some)}` }]),
  );
}

/** Keeps each kind of refusal once, named by its codes. */
function refusalBook() {
  const kept: { [name: string]: JsonObject } = {};
  return {
    nameOf(status: number, codes: readonly Code[]): string {
      const name = codes.map(pascal).join('Or');
      kept[name] ??= {
        description: codes.map((code) => `\`${code}\`: ${refusalOf(code).says}`).join('\n\n'),
        ...([409, 429, 503].includes(status) && { headers: headerRefs(['Retry-After']) }),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      };
      return name;
    },
    all: () => sorted(kept),
  };
}

const pascal = (name: string): string =>
  name.replaceAll(/(?:^|[._])(\w)/g, (_, letter: string) => letter.toUpperCase());

const sorted = (named: { [name: string]: JsonObject }): JsonObject =>
  Object.fromEntries(Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1)));

const isProtocolFault = (code: Code): code is ProtocolFaultCode => code in protocolFaults;

const refusalOf = (code: Code): { status: number; says: string } =>
  isProtocolFault(code) ? protocolFaults[code] : { status: statusOfKind[faults[code].kind], says: faults[code].says };

/** An event as an application gets it: a POST signed by Standard Webhooks. */
function webhookOf(type: string, schema: z.ZodType, schemas: SchemaBook): JsonObject {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    required: true,
    description,
    schema: { type: 'string' },
  });
  return {
    post: {
      operationId: `on${pascal(type)}`,
      summary: schema.description ?? type,
      parameters: [
        header('webhook-id', 'Id of the event; the same on every attempt.'),
        header('webhook-timestamp', 'When it was signed, in seconds since 1970.'),
        header('webhook-signature', '`v1,` and the signature in base64, for each secret in force.'),
      ],
      requestBody: { required: true, content: { 'application/json': { schema: schemas.of(schema, 'output') } } },
      responses: {
        '2XX': { description: 'Delivered.' },
        '410': { description: 'Pauses the endpoint.' },
        default: { description: 'Tried again, for 7 days.' },
      },
    },
  };
}

/** Makes JSON Schemas; those with a name are told once and referred to. */
function schemaBook() {
  const named: { [name: string]: JsonObject } = {};
  const referred = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(referred);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        name === '$ref' && typeof inner === 'string'
          ? inner.replace('#/$defs/', '#/components/schemas/')
          : referred(inner),
      ]),
    );
  };
  return {
    of(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
      // Wrapped, so that a name at the top becomes a reference like every other.
      const made = z.toJSONSchema(z.object({ it: schema }), {
        io,
        unrepresentable: 'any',
        override: ({ zodSchema, jsonSchema }) => tidy(jsonSchema, z.globalRegistry.get(zodSchema), io),
      });
      const { properties, $defs = {} } = made as { properties?: object; $defs?: object };
      const { it } = properties as { it: JsonObject };
      for (const [name, one] of Object.entries($defs)) {
        if (name.startsWith('__')) throw new Error('a schema that refers to itself needs an id');
        named[name] ??= referred(one) as JsonObject;
      }
      return referred(it) as JsonObject;
    },
    named: () => sorted(named),
  };
}

function tidy(
  schema: z.core.JSONSchema.BaseSchema,
  meta: Record<string, unknown> | undefined,
  io: 'input' | 'output',
): void {
  const shown = meta?.[wire];
  if (typeof shown === 'object' && shown !== null) {
    for (const name of Object.keys(schema)) if (name !== 'description') delete schema[name];
    Object.assign(schema, shown);
  }
  delete schema[wire];
  // The expression behind a known format tells people nothing.
  if (schema.format !== undefined) delete schema.pattern;
  delete schema.propertyNames;
  // So far a number goes without loss, which goes without saying.
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  // Answers may get further members.
  if (io === 'output' && schema.additionalProperties === false) delete schema.additionalProperties;
}
