// What went wrong in SQLite, and how an error travels from a worker to the thread that asked.

import { Fault, type FaultCode, type FieldProblem } from '../../core/faults.ts';

/** The primary result code of an error of SQLite (https://sqlite.org/rescode.html); undefined for other errors. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

// PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB
const oursAlone = new Set([3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26]);

/** Whether the disk, the memory or the file is to blame, and not what was to be written. */
export const isOutage = (error: unknown): boolean => oursAlone.has(codeOf(error) ?? 0);

export type PackedFailure = {
  name: string;
  message: string;
  stack: string | undefined;
  errcode: number | undefined;
  fault: {
    code: FaultCode;
    detail: string | undefined;
    problems: readonly FieldProblem[];
    retryAfter: number | undefined;
  } | null;
};

/** An error as plain data: a structured clone would lose what kind of error it is. */
export function packFailure(thrown: unknown): PackedFailure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack } = error;
  const { code, detail, problems, retryAfter } = error instanceof Fault ? error : {};
  return {
    name,
    message,
    stack,
    errcode: 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined,
    fault: code === undefined ? null : { code, detail, problems: problems ?? [], retryAfter },
  };
}

/** The error again; a Fault stays a Fault. */
export function unpackFailure({ name, message, stack, errcode, fault }: PackedFailure): Error {
  if (fault !== null) {
    const { code, detail, problems, retryAfter } = fault;
    return new Fault(code, {
      problems,
      ...(detail === undefined ? {} : { detail }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  }
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return errcode === undefined ? error : Object.assign(error, { errcode });
}
