// A route is a row: what it answers to, who may call it, what it takes, what it does. Rows say nothing about how they are
// served; `register.ts` does that for all of them in one place.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { FaultCode } from '../core/faults.ts';
import type { Permission } from '../core/model.ts';
import type { Caller } from '../flows/access.ts';
import type { HttpParts } from './parts.ts';
import type { ProtocolFaultCode } from './problems.ts';
import { validated } from './validated.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * `instance`: only keys of the whole instance. `app`: any key; it sees what is within its own reach, and for anything
 * else the answer is that of an unknown id.
 */
export type KeyNeeds = {
  permission: Permission;
  reach: 'instance' | 'app';
  /** Who asks for a WebSocket may give the key in its first frame, because browsers cannot set headers there. */
  orInFirstFrame?: true;
};
export type Needs = 'nothing' | 'link' | 'metrics' | KeyNeeds;

/** The body a route reads: JSON that its schema checks, the raw bytes (bounded), or a stream that its handler bounds. */
export type Takes = 'json' | 'bytes' | 'stream';

/** What a handler gets. */
export type Call<Params, Query, Body, Who> = {
  caller: Who;
  params: Params;
  query: Query;
  body: Body;
  parts: HttpParts;
  request: FastifyRequest;
  reply: FastifyReply;
};

/** What a success answers: JSON of this schema, nothing, or something that the handler sends itself. */
export type Answers = z.ZodType | 'nothing' | Sent;
export type Sent = { says: string; types: readonly string[] };

type Handled<A extends Answers> = A extends z.ZodType ? z.input<A> : A extends 'nothing' ? undefined : FastifyReply;

export type Route = {
  method: Method;
  /** As Fastify writes patterns: `:name`, and `*` for a rest. */
  path: string;
  /** Its name in OpenAPI and what clients made from it call it; camelCase, unique, never changed. */
  operation: string;
  /** One sentence for people. */
  summary: string;
  needs: Needs;
  /** Status of a success. */
  status: number;
  answers: Answers;
  /** Types of a body that the handler reads itself. */
  consumes: readonly string[];
  /** What can go wrong here beyond what can go wrong with every request. */
  faults: readonly (FaultCode | ProtocolFaultCode)[];
  takes: Takes;
  /** GET routes answer HEAD too, unless a HEAD makes no sense. */
  head: boolean;
  params: z.ZodType;
  query: z.ZodType;
  body: z.ZodType;
  answer(request: FastifyRequest, reply: FastifyReply, parts: HttpParts): Promise<unknown>;
};

const nothing = z.strictObject({});
type Nothing = typeof nothing;

type Row<
  RowNeeds extends Needs,
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  A extends Answers,
  Who,
> = {
  method: Method;
  path: string;
  operation: string;
  summary: string;
  needs: RowNeeds;
  status?: number;
  answers: A;
  faults?: Route['faults'];
  consumes?: readonly string[];
  takes?: Takes;
  head?: boolean;
  params?: P;
  query?: Q;
  body?: B;
  handler(call: Call<z.output<P>, z.output<Q>, z.output<B>, Who>): Promise<Handled<A>> | Handled<A>;
};

/** A row that needs a key. */
export function keyed<
  A extends Answers,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(row: Row<KeyNeeds, P, Q, B, A, Caller>): Route {
  return routeOf(row, (request) => {
    if (request.caller === undefined) throw new Error(`${row.method} ${row.path} was reached without a key`);
    return request.caller;
  });
}

/** A row to which the key may come later, in the first frame of a WebSocket. */
export function streamed<
  A extends Answers,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(row: Row<KeyNeeds & { orInFirstFrame: true }, P, Q, B, A, Caller | undefined>): Route {
  return routeOf(row, (request) => request.caller);
}

/** A row that anybody may call, or anybody with a link. */
export function open<
  A extends Answers,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(row: Row<'nothing' | 'link' | 'metrics', P, Q, B, A, undefined>): Route {
  return routeOf(row, () => undefined);
}

function routeOf<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends Answers, Who>(
  row: Row<Needs, P, Q, B, A, Who>,
  whoCalls: (request: FastifyRequest) => Who,
): Route {
  const { method, path, operation, summary, needs, answers, handler } = row;
  const { status = 200, faults = [], consumes = [], takes = 'json', head = method === 'GET' } = row;
  const schemas = { params: row.params ?? nothing, query: row.query ?? nothing, body: row.body ?? nothing };
  return {
    method,
    path,
    operation,
    summary,
    needs,
    status,
    answers,
    consumes,
    faults,
    takes,
    head,
    ...schemas,
    async answer(request, reply, parts) {
      const { params, query, body } = validated(schemas, {
        params: request.params,
        query: request.query,
        // A route that reads the bytes itself has no body for a schema.
        body: takes === 'json' && request.body !== undefined ? request.body : {},
      });
      return await handler({
        caller: whoCalls(request),
        params: params as z.output<P>,
        query: query as z.output<Q>,
        body: body as z.output<B>,
        parts,
        request,
        reply,
      });
    },
  };
}
