// What the dialect answers with, for the OpenAPI file.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import { jsonSchema } from '../schemas.ts';

const meta = z.object({ api_status: z.literal('stable'), version: z.string() });
export const bare = z.object({ meta });

const named = z.array(z.object({ id: z.uuid() }));
export const uploaded = bare.extend({ media: named });
export const asked = bare.extend({ media_items: named });

export const loggedIn = bare.extend({ users: z.array(z.object({ token: z.string(), expires_after: z.string() })) });

const error = jsonSchema(
  bare.extend({ errors: z.array(z.object({ code: z.int(), title: z.string(), details: z.string() })) }),
);

/**
 * A route's description.
 * @param success `body` null: an answer that is not JSON
 * @param more `refusals`: statuses besides those that every route may answer; `empty`: those of them that have no body
 */
export function describe(
  summary: string,
  success: { status: number; body: z.ZodType | null } | null,
  more: { body?: z.ZodType; refusals?: readonly number[]; empty?: readonly number[] } = {},
): DialectRoute['describes'] {
  const { body, refusals = [], empty = [] } = more;
  return {
    summary,
    ...(body && { body: jsonSchema(body) }),
    answers: {
      ...(success && { [success.status]: success.body && jsonSchema(success.body) }),
      ...Object.fromEntries([401, 403, ...(body ? [400] : []), ...refusals, 429, 500].map((status) => [status, error])),
      ...Object.fromEntries(empty.map((status) => [status, null])),
    },
  };
}
