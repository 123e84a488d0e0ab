// What the dialect answers with, for the OpenAPI file.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import { jsonSchema } from '../schemas.ts';

const time = z.iso.datetime();
const status = z.enum(['connected', 'disconnected']);

export const device = z.object({
  device_id: z.uuid(),
  app_id: z.uuid(),
  device_name: z.string(),
  status,
  wa_number: z.string().nullable(),
  wa_device_jid: z.string().nullable(),
  linked_at: time.nullable(),
  qr_expires_at: z.null(),
  created_at: time,
});
export const devices = z.object({ devices: z.array(device) });
export const destroyed = z.object({ device_id: z.uuid(), status: z.literal('destroyed') });

const error = jsonSchema(
  z.object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      details: z.object({ field: z.string() }).optional(),
    }),
    request_id: z.uuid(),
  }),
);

/**
 * A route's description.
 * @param success null: an answer that is not JSON
 * @param refusals statuses besides those that every route may answer
 */
export function describe(
  summary: string,
  success: { status: number; body: z.ZodType | null } | null,
  more: { body?: z.ZodType; refusals?: readonly number[] } = {},
): DialectRoute['describes'] {
  const { body, refusals = [] } = more;
  return {
    summary,
    ...(body && { body: jsonSchema(body) }),
    answers: {
      ...(success && { [success.status]: success.body && jsonSchema(success.body) }),
      ...Object.fromEntries([400, 401, 403, ...refusals, 429, 500].map((refusal) => [refusal, error])),
    },
  };
}
