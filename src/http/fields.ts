// Schemas of what several routes take, and the answer of a list.

import { z } from 'zod';
import { type Id, type IdKind, prefixes } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import type { Page, PageRequest } from '../core/records.ts';
import { foreignId } from '../core/text.ts';

/** Name of the metadata that tells how a value looks in a query, where all is text and the schema makes something of it. */
export const wire = 'wire';

/** Opaque text: whether it has the form of one of our ids decides nothing, an unknown one is simply not found. */
export const id = <Kind extends IdKind>(kind: Kind) =>
  z
    .string()
    .refine((text) => foreignId(text) !== undefined, 'must be 1 to 512 bytes without control characters')
    .transform((text) => text as Id<Kind>)
    .meta({ description: `Id of the ${kind === 'journal' ? 'entry of the journal' : kind}: \`${prefixes[kind]}_…\`.` });

/** A name that people read: one line. */
export const name = z
  .string()
  .min(1)
  .max(200)
  // Neither database nor wire carries lone surrogates, and a control character in a name is a trick on a terminal.
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must not contain control characters');

/** Seconds from 1 to `most`; null takes the setting back to the next wider one. */
export const seconds = (most: number) => z.int().min(1).max(most).nullable();

export const daySeconds = 86_400;

/** How long what is being replaced goes on working beside what takes its place, in seconds. */
export const overlap = z
  .int()
  .min(0)
  .max(7 * daySeconds)
  .default(daySeconds);

const limit = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.int().min(1).max(200))
  .default(50)
  .meta({ description: 'Most rows of a page.', [wire]: { type: 'integer', minimum: 1, maximum: 200, default: 50 } });

const cursor = z.string().min(1).max(512);

/** Body member of a call that works in steps. */
export const stepCursor = cursor
  .nullable()
  .default(null)
  .meta({ description: 'The `next` of the step before; null or absent: from the beginning.' });

/** Anything that JSON can say; a body has been parsed as such. */
export const json = z.custom<Json>((value) => value !== undefined);

/** A moment, ISO 8601 with an offset or Z. */
export const moment = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-03-01T10:00:00Z' })
  .transform((text) => Date.parse(text));

/** Query of a list; `cursor` is the `next` of the page before. */
export const pageQuery = {
  limit,
  cursor: cursor.optional().meta({ description: 'The `next` of the page before.' }),
};

/** Query of the events: a cursor that can be kept and used again later. */
export const afterQuery = {
  limit,
  after: cursor.optional().meta({
    description: 'The `next` of an earlier answer; `latest`: only what happens from now on. Absent: the oldest kept.',
  }),
};

export const pageOf = (query: { limit: number; cursor?: string | undefined }): PageRequest => ({
  limit: query.limit,
  cursor: query.cursor ?? null,
});

export const listOf = <Row, Shown>(
  page: Page<Row>,
  present: (row: Row) => Shown,
): { data: Shown[]; next: string | null } => ({
  data: page.rows.map(present),
  next: page.next,
});

type Given<Members extends object> = { [Name in keyof Members]?: Exclude<Members[Name], undefined> };

/** The members that were given: the ports tell "not named" from "named as undefined". */
export const given = <Members extends object>(members: Members): Given<Members> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<Members>;
