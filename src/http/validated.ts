import type { z } from 'zod';
import { Fault, type FieldProblem } from '../core/faults.ts';

type Places = 'params' | 'query' | 'body';

/**
 * Holds a request against its schemas. Everything that is wrong anywhere in it is reported at once, each as a dotted path
 * such as `body.name`; nothing that the caller sent is repeated but the names of members.
 * @throws Fault invalid_request
 */
export function validated(
  schemas: Readonly<Record<Places, z.ZodType>>,
  given: Readonly<Record<Places, unknown>>,
): Record<Places, unknown> {
  const problems: FieldProblem[] = [];
  const read = (place: Places): unknown => {
    const result = schemas[place].safeParse(given[place], { error: wording });
    if (result.success) return result.data;
    // A body of a megabyte can be wrong in a hundred thousand places.
    problems.push(...result.error.issues.slice(0, mostProblems).flatMap((issue) => problemsOf(place, issue)));
    return undefined;
  };
  const values = { params: read('params'), query: read('query'), body: read('body') };
  if (problems.length > 0) {
    const [first, ...more] = problems;
    const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
    const detail = `${first?.field}: ${first?.message}${rest}`;
    throw new Fault('invalid_request', { detail, problems: problems.slice(0, mostProblems) });
  }
  return values;
}

const mostProblems = 100;

const problemsOf = (place: Places, issue: z.core.$ZodIssue): FieldProblem[] => {
  const field = [place, ...issue.path.map(String)].join('.');
  if (issue.code !== 'unrecognized_keys') return [{ field, message: issue.message }];
  return issue.keys.slice(0, mostProblems).map((name) => ({ field: `${field}.${name}`, message: 'is not known here' }));
};

/** Messages that read on from the name of the field; undefined: zod's own. */
const wording = (issue: z.core.$ZodRawIssue): string | undefined => {
  if (issue.input === undefined && issue.code === 'invalid_type') return 'is required';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${issue.expected === 'int' ? 'a whole number' : `of type ${issue.expected}`}`;
    case 'invalid_value':
      return `must be one of: ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must ${sizeOf(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${sizeOf(issue.origin, 'at most', issue.maximum)}`;
    default:
      return undefined;
  }
};

function sizeOf(origin: string, bound: string, limit: number | bigint): string {
  if (limit === 1 && bound === 'at least' && origin !== 'number' && origin !== 'int') return 'not be empty';
  if (origin === 'string') return `have ${bound} ${limit} characters`;
  if (origin === 'array') return `have ${bound} ${limit} entries`;
  return `be ${bound} ${limit}`;
}
