// Reading what an administrator tells about an account: refusals name the field, and a change names only what it changes.

import { z } from 'zod';
import { Fault } from '../core/faults.ts';
import type { JsonObject } from '../core/json.ts';
import { listOf } from './json-reading.ts';

type Given = Readonly<Record<string, unknown>>;

/** A secret, or two of them while it is being rotated, the newer first; read as a list. */
export function oneOrTwo(form: RegExp, says: string) {
  const isSecret = (value: unknown): boolean => typeof value === 'string' && value.length <= 1024 && form.test(value);
  const fits = (given: unknown): boolean =>
    Array.isArray(given) ? given.length > 0 && given.length <= 2 && given.every(isSecret) : isSecret(given);
  return z
    .custom<string | string[]>(fits, {
      error: ({ input }) => (input === undefined ? 'is required' : `must be ${says}, or a list of one or two such`),
    })
    .transform((given) => (Array.isArray(given) ? given : [given]));
}

/** @throws Fault invalid_request that names each field, such as `body.app_secret` */
export function readSettings<Shape extends z.ZodType>(shape: Shape, given: Given): z.output<Shape> {
  const result = shape.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: `body.${key}`, message: 'is not a setting of this carrier' }))
      : [{ field: ['body', ...issue.path].join('.'), message: issue.message }],
  );
  const detail = problems.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new Fault('invalid_request', { detail, problems });
}

/** Without the members that were not given, so that they do not overwrite what is in force. */
export const present = <Value>(given: { [name: string]: Value | undefined }): { [name: string]: Value } =>
  Object.fromEntries(Object.entries(given).filter((entry): entry is [string, Value] => entry[1] !== undefined));

/** The values of a secret that may have two; none when it was never set. */
export const valuesOf = (secrets: JsonObject, name: string): string[] =>
  listOf(secrets[name]).filter((secret) => typeof secret === 'string');
