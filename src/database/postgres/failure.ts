// What went wrong in PostgreSQL, and whether it may go right the next time
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).

/** The connection was lost while a commit was under way: it may have happened or not. */
export class UnknownOutcome extends Error {
  override readonly name = 'UnknownOutcome';
}

/** The five characters of SQLSTATE; undefined for errors that the server did not send. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

// Classes: connection, resources, operator's intervention, system, configuration file, internal.
const outageClasses = new Set(['08', '53', '57', '58', 'F0', 'XX']);
// A former primary that only reads now; a key without a partition; an idle transaction that was ended.
const outageStates = new Set(['25006', '23514', '25P03']);

/**
 * Whether the server, the network or the disk is to blame, and not what was to be written. Errors without a state are
 * those of the driver and the socket; errors of our own making are marked by their classes.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof UnknownOutcome) return true;
  const state = sqlStateOf(error);
  if (state !== undefined) return outageClasses.has(state.slice(0, 2)) || outageStates.has(state);
  return error instanceof Error && (isSocketError(error) || driverSays.test(error.message));
}

const isSocketError = (error: Error): boolean =>
  'code' in error && typeof error.code === 'string' && /^E[A-Z_]{3,}$/.test(error.code);
const driverSays =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout|Client was closed)/;

// Serialization failure, deadlock, lock not available.
const contended = new Set(['40001', '40P01', '55P03']);
// Somebody else wrote between our looking and our writing: unique, foreign key.
const overtaken = new Set(['23505', '23503']);

// A prepared statement that this connection of the server does not know, or knows already, or whose result has changed.
const unprepared = new Set(['26000', '42P05', '0A000']);

/** Whether a statement failed only because it was to be prepared. */
export const isUnprepared = (error: unknown): error is Error => unprepared.has(sqlStateOf(error) ?? '');

/** Whether it says nothing of what was to be written, and the same may go right at once: others were in the way. */
export const isTransient = (error: unknown): boolean => contended.has(sqlStateOf(error) ?? '') || isUnprepared(error);

/** Whether looking again and deciding again may go right at once. */
export const isConflict = (error: unknown): boolean => isTransient(error) || overtaken.has(sqlStateOf(error) ?? '');
