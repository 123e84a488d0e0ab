// One address of a dialect, as the façades serve it, and what they read of a request to it.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Desk } from '../core/desk.ts';
import type { Dialect, DialectRoute, Dialects } from '../core/dialect.ts';
import type { SocketSessions } from '../flows/socket-sessions.ts';
import { secretOf } from './admission.ts';
import type { HttpParts } from './parts.ts';

export type FacadeParts = HttpParts & { dialects: Dialects; dialectDesk: Desk; sockets?: SocketSessions | undefined };

export type Row = {
  dialect: Dialect;
  route: Pick<DialectRoute, 'method' | 'path' | 'needs' | 'takes' | 'head'>;
  /** The parameter of the query that may hold the key; absent: none may. */
  keyIn?: string;
  answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
};

/** The key that a request carries: in a header, as the password of Basic, or in the query where one may stand there. */
export function keyOf(request: FastifyRequest, candidates: readonly Row[]): string | undefined {
  const inHeader = secretOf(request) ?? basicPassword(request.headers.authorization);
  if (inHeader !== undefined) return inHeader;
  const query = queryOf(request);
  return candidates.flatMap(({ keyIn }) => (keyIn === undefined ? [] : (query[keyIn] ?? []))).at(0);
}

/** The key of clients that can send it only with the name of a user, which stands for nothing here. RFC 7617. */
function basicPassword(authorization = ''): string | undefined {
  const pair = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization)?.[1];
  const text = pair && Buffer.from(pair, 'base64').toString('utf8');
  return text?.slice(text.indexOf(':') + 1) || undefined;
}

/** The first value of each name. */
export const queryOf = ({ query }: Pick<FastifyRequest, 'query'>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query as Record<string, unknown>).flatMap(([name, value]) => {
      const first: unknown = Array.isArray(value) ? value[0] : value;
      return typeof first === 'string' ? [[name, first]] : [];
    }),
  );
