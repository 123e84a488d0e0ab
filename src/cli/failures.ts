// How a command ends. docs/cli.md lists the same codes, and a test holds the two together.

import { plain } from './plain.ts';

export const exitCodes = {
  done: { code: 0, says: 'It is done.' },
  failed: { code: 1, says: 'The server refused or failed, or the result could not be written; the reason is printed.' },
  usage: { code: 2, says: 'The command or a setting is wrong; nothing was done.' },
  unreachable: { code: 3, says: 'No server answers at the address.' },
  absent: { code: 4, says: 'The server knows no such thing (404).' },
  interrupted: { code: 130, says: 'You stopped it (Ctrl-C); nothing is left half-done.' },
} as const;

/** The command itself is wrong: a missing key, a value of the wrong form, a file that is in the way. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** No server answered. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  readonly url: string;

  constructor(url: string, cause: unknown) {
    super(`no server answers at ${url}`, { cause });
    this.url = url;
  }
}

/** The server answered with a status of 400 or more. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly problems: readonly { field: string; message: string }[];

  constructor(status: number, detail: string, problems: readonly { field: string; message: string }[] = []) {
    super(detail);
    this.status = status;
    this.problems = problems;
  }
}

/** The person stopped a long command; `goOn` says how it is continued. */
export class Stopped extends Error {
  override readonly name = 'AbortError';
  readonly goOn: string;

  constructor(goOn: string, cause: unknown) {
    super('stopped', { cause });
    this.goOn = goOn;
  }
}

/** Work that can be gone on with: a stop in it says how. */
export async function resumable<Result>(goOn: () => string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Error && error.name === 'AbortError' ? new Stopped(goOn(), error) : error;
  }
}

export type Ending = { code: number; lines: string[] };

/** What a person is told about an error, and the exit code that programs see. */
export function endingOf(error: unknown, interrupted: boolean): Ending {
  // Whatever else fails while it stops is a failure of its own.
  if (error instanceof Stopped || (interrupted && error instanceof Error && error.name === 'AbortError'))
    return {
      code: exitCodes.interrupted.code,
      lines: [error instanceof Stopped ? `stopped; go on with: ${error.goOn}` : 'stopped'],
    };
  if (error instanceof UsageError) return { code: exitCodes.usage.code, lines: [error.message] };
  if (error instanceof Unreachable) {
    const lines = [
      `${error.message} (${reasonOf(error.cause)})`,
      'Start one with: mediadock serve',
      'Or name another with --url or MEDIADOCK_URL.',
    ];
    return { code: exitCodes.unreachable.code, lines };
  }
  if (error instanceof Refusal) {
    const { code } = error.status === 404 ? exitCodes.absent : exitCodes.failed;
    const problems = error.problems
      .map(({ field, message }) => `${field}: ${message}`)
      .filter((line) => !error.message.includes(line));
    const hint = error.status === 401 ? ['Give a key with --key or MEDIADOCK_KEY.'] : [];
    return { code, lines: [error.message, ...problems.map((line) => `  ${line}`), ...hint].map(plain) };
  }
  return { code: exitCodes.failed.code, lines: [plain(reasonOf(error))] };
}

/** Connection errors of several addresses come as one error without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
