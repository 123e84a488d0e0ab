// What a dialect's caller may give, as schemas: they read it, and the same ones describe it in the OpenAPI file.

import { z } from 'zod';
import { Fault } from '../core/faults.ts';
import type { JsonObject } from '../core/json.ts';

const mostProblems = 20;

/** What is wrong with a member that no schema names. */
export const unknownMember = 'is not known here';

/**
 * Reads a value by a schema.
 * @param place what it is called in faults, such as `body`
 * @throws Fault invalid_request that names each wrong member as a dotted path below `place`
 */
export function readBy<Schema extends z.ZodType>(schema: Schema, value: unknown, place: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, mostProblems).flatMap((issue) => {
    const path = [place, ...issue.path.map(String)];
    if (issue.code !== 'unrecognized_keys') return [{ field: path.join('.'), message: worded(issue) }];
    return issue.keys
      .slice(0, mostProblems)
      .map((name) => ({ field: [...path, name].join('.'), message: unknownMember }));
  });
  throw new Fault('invalid_request', { detail: `${problems[0]?.field}: ${problems[0]?.message}`, problems });
}

/** Reads on from the name of the member, and repeats nothing that was given. */
function worded(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be one of: ${issue.values.map(String).join(', ')}`;
    default:
      return `is not accepted: ${issue.message}`;
  }
}

/** The schema in the words of JSON Schema. */
export function jsonSchema(schema: z.ZodType): JsonObject {
  const { $schema, ...described } = z.toJSONSchema(schema, { io: 'input' });
  return described as JsonObject;
}
