// What went wrong with a request, in the words of the port. Messages are short, for people, and hold neither a query
// nor an address that a name led to: they are shown to whoever configured the URL.

import { OutgoingError, type OutgoingFailure } from '../core/requester.ts';

type Row = [pattern: RegExp, failure: OutgoingFailure, says: string];

// Codes of Node's errors, of OpenSSL's certificate check (`X509_V_ERR_*` without prefix) and of undici.
export const outgoingFailures: readonly Row[] = [
  [/^(ENOTFOUND|EAI_\w+|ENODATA)$/, 'dns', 'the name cannot be resolved'],
  [/^ECONNREFUSED$/, 'connect', 'connection refused'],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EACCES|EPERM|EMFILE|ENFILE)$/, 'connect', 'cannot connect'],
  [/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, 'timeout', 'timed out while connecting'],
  [/^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/, 'timeout', 'timed out waiting for the answer'],
  [/^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|CRL_|INVALID_|HOSTNAME_)/, 'tls', 'TLS failed'],
  [/^(UND_ERR_DESTROYED|UND_ERR_CLOSED)$/, 'aborted', 'the client was closed'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'reset', 'connection reset'],
  [/^UND_ERR_INVALID_ARG$/, 'refused', 'a header or the path cannot be sent'],
  [/^(HPE_|UND_ERR_)/, 'reset', 'the answer is not valid HTTP'],
];

/** An error of undici or Node as the port states it. @param signal the caller's: when it has fired, nothing else counts */
export function outgoingError(error: unknown, signal: AbortSignal): OutgoingError {
  if (signal.aborted) return new OutgoingError('aborted', 'stopped before it was done', error);
  if (error instanceof OutgoingError) return error;
  const code = codeOf(error);
  const [, failure, says] = outgoingFailures.find(([pattern]) => pattern.test(code)) ?? [
    undefined,
    'reset',
    'the request failed',
  ];
  const detail = failure === 'tls' || failure === 'connect' ? ` (${code})` : '';
  return new OutgoingError(failure, code === 'ECONNREFUSED' ? says : says + detail, error);
}

/** The `code` of a system's or undici's error; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
