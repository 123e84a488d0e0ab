// What the dialect answers with, for the OpenAPI file.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import { jsonSchema } from '../schemas.ts';

const error = jsonSchema(z.object({ error: z.string(), code: z.string() }));

/**
 * A route's description.
 * @param status of a success, which has no body; null: it never succeeds
 * @param refusals statuses besides those that every route may answer
 */
export const describe = (
  summary: string,
  status: number | null,
  refusals: readonly number[],
): DialectRoute['describes'] => ({
  summary,
  answers: {
    ...(status !== null && { [status]: null }),
    ...Object.fromEntries([401, 403, ...refusals, 429, 500].map((refusal) => [refusal, error])),
  },
});
