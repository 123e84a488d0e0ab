// What qlara's routes answer, as schemas for the OpenAPI file.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import type { JsonObject } from '../../core/json.ts';
import { jsonSchema } from '../schemas.ts';

export const file = z.object({
  mediaKey: z.string().regex(/^mk_[a-z0-9]{20}$/),
  url: z.url(),
  mimeType: z.string(),
  fileSize: z.int(),
  expiresAt: z.iso.datetime(),
});

export const webhook = z.object({
  id: z.string().regex(/^wh-[0-9a-f]{8}$/),
  callbackUrl: z.url(),
  status: z.enum(['ACTIVE', 'PAUSED']),
  createdAt: z.iso.datetime(),
});

export const libraryItem = z.object({
  mediaId: z.string().regex(/^med_[0-9a-f]{12}$/),
  name: z.string(),
  description: z.string(),
  url: z.url(),
  mimeType: z.string(),
  size: z.int(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  createdAt: z.iso.datetime(),
});

export const listedItem = libraryItem.extend({ id: z.string() });

export const libraryPage = z.object({
  media: z.array(listedItem),
  page: z.int(),
  limit: z.int(),
  total: z.int(),
});

const fail = jsonSchema(z.object({ status: z.literal('fail'), data: z.record(z.string(), z.string()) }));
const error = jsonSchema(z.object({ status: z.literal('error'), message: z.string() }));
const tooMany = jsonSchema(
  z.object({ status: z.literal(429), error: z.string(), message: z.string(), retryAfter: z.int() }),
);

/** @param more statuses besides those that every route knows */
export function describe(
  summary: string,
  answer: { status: number; body: z.ZodType | null },
  more: { takes?: JsonObject; fails?: readonly number[]; errors?: readonly number[] } = {},
): DialectRoute['describes'] {
  const { takes, fails = [], errors = [] } = more;
  return {
    summary,
    ...(takes && { body: takes }),
    answers: {
      [answer.status]: answer.body && jsonSchema(answer.body),
      ...Object.fromEntries([401, 403, ...fails].map((status) => [status, fail])),
      429: tooMany,
      ...Object.fromEntries([500, ...errors].map((status) => [status, error])),
    },
  };
}
