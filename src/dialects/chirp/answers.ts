// What the dialect answers with, for the OpenAPI file.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import type { JsonObject } from '../../core/json.ts';
import { jsonSchema } from '../schemas.ts';

const time = z.iso.datetime();
const times = { createdAt: time, updatedAt: time };

export const media = z.object({
  id: z.string(),
  url: z.url(),
  expiresAt: time,
  mimeType: z.string().nullable(),
  fileSize: z.int().nullable(),
  filename: z.string().nullable(),
  sha256: z.string().nullable(),
  createdAt: time,
});

export const webhook = z.object({
  id: z.string(),
  appId: z.string(),
  url: z.url(),
  events: z.array(z.string()),
  headers: z.record(z.string(), z.string()),
  ...times,
});
export const newWebhook = webhook.extend({ signingSecret: z.string() });
export const webhooks = z.object({ webhooks: z.array(webhook), totalCount: z.int() });

export const organization = z.object({
  id: z.string(),
  name: z.string(),
  mediaRetentionDays: z.int(),
  createdAt: time,
});

export const app = z.object({ id: z.string(), name: z.string(), status: z.literal('active'), ...times });
export const apps = z.object({ apps: z.array(app), totalCount: z.int() });

export const appKey = z.object({ id: z.string(), key: z.string(), name: z.string(), appId: z.string(), ...times });

export const queued = z.object({ id: z.string(), status: z.literal('QUEUED') });

const error = jsonSchema(
  z.object({
    error: z.object({
      type: z.enum(['invalid_request_error', 'authentication_error', 'api_error']),
      message: z.string(),
      code: z.string().optional(),
      param: z.string().nullable().optional(),
    }),
  }),
);
const tooMany = jsonSchema(z.object({ error: z.string() }));

/**
 * A route's description.
 * @param success null: an answer without a body
 * @param refusals statuses besides those that every route may answer
 */
export function describe(
  summary: string,
  status: number,
  success: z.ZodType | null,
  more: { body?: z.ZodType; refusals?: readonly number[] } = {},
): DialectRoute['describes'] {
  const refusals = [401, 403, ...(more.refusals ?? []), ...(more.body === undefined ? [] : [400])];
  const answers: Record<number, JsonObject | null> = Object.fromEntries(refusals.map((refusal) => [refusal, error]));
  answers[429] = tooMany;
  if (status < 400) answers[status] = success === null ? null : jsonSchema(success);
  return { summary, answers, ...(more.body !== undefined && { body: jsonSchema(more.body) }) };
}
