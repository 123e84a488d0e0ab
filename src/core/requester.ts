// The port to the world outside: every request to an address that somebody else chose goes through it.

export type OutgoingRequest = {
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Redirects to follow. `headers` are sent only to the exact origin of `url`; a further origin gets none of them. Default 0. */
  redirects?: number;
  /** Milliseconds until the answer's headers must have arrived. */
  headersTimeoutMs: number;
  signal: AbortSignal;
};

export type OutgoingAnswer = {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Must be read to its end, or destroyed. */
  body: AsyncIterable<Uint8Array> & { destroy(): void };
};

/** What can go wrong before there is an answer. `refused`: the guard does not allow the address. */
export type OutgoingFailure =
  | 'refused'
  | 'redirect_refused'
  | 'too_many_redirects'
  | 'dns'
  | 'connect'
  | 'tls'
  | 'timeout'
  | 'reset'
  | 'aborted'
  | 'invalid_url';

export class OutgoingError extends Error {
  override readonly name = 'OutgoingError';
  readonly failure: OutgoingFailure;

  constructor(failure: OutgoingFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}

export type Requester = {
  /** @throws OutgoingError */
  request(request: OutgoingRequest): Promise<OutgoingAnswer>;
  /** Why an address may not be requested, judged by its spelling alone (a name is judged again when it is looked up); undefined: it may. */
  objection(url: string): string | undefined;
  close(): Promise<void>;
};
