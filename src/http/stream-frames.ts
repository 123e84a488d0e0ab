// What is said over a stream of events, and how a connection closes. docs/api.md tells it to those who write a client.

import { z } from 'zod';
import { eventTypes } from '../core/model.ts';
import type { StreamEnd } from '../flows/event-stream.ts';
import { id } from './fields.ts';

const cursor = z.string().min(1).max(512);

/** The first frame of a client. */
export const subscribeFrame = z.strictObject({
  type: z.literal('subscribe'),
  key: z.string().min(1).max(512).optional(),
  after: cursor.optional(),
  types: z.array(z.enum(eventTypes)).min(1).max(eventTypes.length).optional(),
  app_id: id('app').optional(),
  ack: z.boolean().default(false),
});

export const ackFrame = z.strictObject({ type: z.literal('ack'), cursor });

/** Close codes: those of RFC 6455 section 7.4.1 where one says it, else 4000 and the status that HTTP would have. */
export const closeCodes = {
  stopping: 1001,
  failed: 1011,
  too_slow: 1013,
  refused: 4400,
  revoked: 4401,
  forbidden: 4403,
  silent: 4408,
  resync: 4410,
  too_many: 4429,
} as const satisfies Partial<Record<StreamEnd | 'silent' | 'too_many', number>>;

/** JSON of this form; undefined: it is something else. */
export function frameOf<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
