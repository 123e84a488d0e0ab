// Everything that can be wrong with a request, in one table. Core knows kinds; `http` maps a kind to a status,
// a dialect chooses the envelope. docs/faults.md lists the same rows and a test holds the two together.

export type FaultKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'absent'
  | 'conflict'
  | 'gone'
  | 'too_large'
  | 'unsupported_type'
  | 'too_many'
  | 'overloaded'
  | 'internal';

type Entry = { kind: FaultKind; says: string };

export const faults = {
  invalid_request: { kind: 'invalid', says: 'The request does not have the expected form.' },
  cursor_too_old: {
    kind: 'gone',
    says: 'Events after this cursor are no longer kept; start again without one and compare what you have.',
  },
  invalid_cursor: { kind: 'invalid', says: 'The cursor was not made by this server.' },
  key_missing: { kind: 'unauthenticated', says: 'A key is needed: Authorization: Bearer <key>, or X-Api-Key.' },
  key_unknown: { kind: 'unauthenticated', says: 'The key is unknown or revoked.' },
  signature_missing: { kind: 'unauthenticated', says: 'The webhook carries no signature.' },
  signature_wrong: { kind: 'unauthenticated', says: 'The signature does not belong to this body.' },
  permission_missing: { kind: 'forbidden', says: 'The key lacks the permission that this call needs.' },
  challenge_refused: { kind: 'forbidden', says: 'The verify token is not the one of this connection.' },
  link_refused: { kind: 'forbidden', says: 'The link was altered or has expired; ask for a fresh one.' },
  not_found: { kind: 'absent', says: 'There is nothing here under this id.' },
  connection_unknown: { kind: 'absent', says: 'No connection has this id.' },
  name_taken: { kind: 'conflict', says: 'This name or address is in use.' },
  connection_in_use: { kind: 'conflict', says: 'The connection still has live channels.' },
  media_not_ready: { kind: 'conflict', says: 'The file is still being fetched from the carrier.' },
  media_unavailable: { kind: 'conflict', says: 'The carrier did not give the file.' },
  move_refused: { kind: 'conflict', says: 'The thing is not in a state that allows this.' },
  idempotency_running: { kind: 'conflict', says: 'A request with this Idempotency-Key is still running.' },
  idempotency_reused: { kind: 'invalid', says: 'This Idempotency-Key was used for a different request.' },
  media_gone: { kind: 'gone', says: 'The file has expired or was deleted.' },
  body_too_large: { kind: 'too_large', says: 'The body exceeds the size limit.' },
  upload_broken: { kind: 'invalid', says: 'The file did not arrive whole; send it again.' },
  body_type_unsupported: { kind: 'unsupported_type', says: 'The content type of the body is not accepted here.' },
  rate_limited: { kind: 'too_many', says: 'Too many requests; wait before the next.' },
  intake_full: { kind: 'overloaded', says: 'Too many webhooks are waiting to be stored; send it again shortly.' },
  storage_full: { kind: 'overloaded', says: 'The disk is nearly full; nothing can be accepted.' },
  not_durable: { kind: 'overloaded', says: 'The database could not store it; send it again.' },
  secrets_unreadable: {
    kind: 'overloaded',
    says: 'What this needs was sealed under another MEDIADOCK_SECRET_KEY; give the server that key, or set the secrets anew.',
  },
  stopping: { kind: 'overloaded', says: 'The server is stopping.' },
  internal: { kind: 'internal', says: 'Something went wrong on our side.' },
} as const satisfies Record<string, Entry>;

export type FaultCode = keyof typeof faults;

/** One thing that is wrong with one field of a request; `field` is a dotted path such as `body.name`. */
export type FieldProblem = { field: string; message: string };

/** An error with a row in the table. `detail` and `problems` are shown to the caller, `cause` only to the log. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly detail: string | undefined;
  readonly problems: readonly FieldProblem[];
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined;

  constructor(
    code: FaultCode,
    more: { detail?: string; problems?: readonly FieldProblem[]; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(more.detail ?? faults[code].says, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.detail = more.detail;
    this.problems = more.problems ?? [];
    this.retryAfter = more.retryAfter;
  }

  get kind(): FaultKind {
    return faults[this.code].kind;
  }
}

/** An invalid request whose one wrong field is named. */
export const invalid = (field: string, message: string): Fault =>
  new Fault('invalid_request', { detail: `${field}: ${message}`, problems: [{ field, message }] });
