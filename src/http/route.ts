// A route is a row: what it answers to, who may call it, what it takes, what it does. Rows say nothing about how they are
// served; `register.ts` does that for all of them in one place.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import type { Permission } from '../core/model.ts';
import type { Caller } from '../flows/access.ts';
import type { HttpParts } from './parts.ts';
import { validated } from './validated.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * `instance`: only keys of the whole instance. `app`: any key; it sees what is within its own reach, and for anything
 * else the answer is that of an unknown id.
 */
export type KeyNeeds = { permission: Permission; reach: 'instance' | 'app' };
export type Needs = 'nothing' | 'link' | KeyNeeds;

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

/** The JSON to answer; nothing; or the reply itself when the handler has sent it. */
export type Answer = JsonObject | undefined | FastifyReply;

export type Route = {
  method: Method;
  /** As Fastify writes patterns: `:name`, and `*` for a rest. */
  path: string;
  needs: Needs;
  /** Status of a success. */
  status: number;
  takes: Takes;
  /** GET routes answer HEAD too, unless a HEAD makes no sense. */
  head: boolean;
  params: z.ZodType;
  query: z.ZodType;
  body: z.ZodType;
  answer(request: FastifyRequest, reply: FastifyReply, parts: HttpParts): Promise<Answer>;
};

const nothing = z.strictObject({});
type Nothing = typeof nothing;

type Row<RowNeeds extends Needs, P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, Who> = {
  method: Method;
  path: string;
  needs: RowNeeds;
  status?: number;
  takes?: Takes;
  head?: boolean;
  params?: P;
  query?: Q;
  body?: B;
  handler(call: Call<z.output<P>, z.output<Q>, z.output<B>, Who>): Promise<Answer> | Answer;
};

/** A row that needs a key. */
export function keyed<P extends z.ZodType = Nothing, Q extends z.ZodType = Nothing, B extends z.ZodType = Nothing>(
  row: Row<KeyNeeds, P, Q, B, Caller>,
): Route {
  return routeOf(row, (request) => {
    if (request.caller === undefined) throw new Error(`${row.method} ${row.path} was reached without a key`);
    return request.caller;
  });
}

/** A row that anybody may call, or anybody with a link. */
export function open<P extends z.ZodType = Nothing, Q extends z.ZodType = Nothing, B extends z.ZodType = Nothing>(
  row: Row<'nothing' | 'link', P, Q, B, undefined>,
): Route {
  return routeOf(row, () => undefined);
}

function routeOf<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, Who>(
  row: Row<Needs, P, Q, B, Who>,
  whoCalls: (request: FastifyRequest) => Who,
): Route {
  const { method, path, needs, status = 200, takes = 'json', head = method === 'GET', handler } = row;
  const schemas = { params: row.params ?? nothing, query: row.query ?? nothing, body: row.body ?? nothing };
  return {
    method,
    path,
    needs,
    status,
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
