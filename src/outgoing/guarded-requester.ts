// The only door to addresses that somebody else chose. Each hop of a request is judged by the guard. Redirects are
// followed by hand: the caller's headers belong to the exact origin of its URL and go nowhere else. Bytes come as they
// were sent: no compression is asked for and none is undone.

import { Agent, type Dispatcher, request as undici } from 'undici';
import { type OutgoingAnswer, OutgoingError, type OutgoingRequest, type Requester } from '../core/requester.ts';
import { addressGuard, type GuardPolicy } from './address-guard.ts';
import { guardedConnector, type Lookup } from './guarded-connector.ts';
import { outgoingError } from './outgoing-failure.ts';
import { timeLimit } from './time-limit.ts';

export type RequesterSettings = GuardPolicy & {
  userAgent: string;
  /** Limit for look-up, connection and TLS together, in milliseconds. */
  connectTimeoutMs: number;
  /** How names are resolved; default: as the system does. */
  lookup?: Lookup;
  /** Hears of every redirect, and whether the guard refused to follow it. @param host `host:port` or host */
  onRedirect?: (host: string, refused: boolean) => void;
};

const connectionsPerOrigin = 64;
// A file name of 10 kB, percent-encoded twice over in Content-Disposition, is an odd header but a fine file.
const answerHeaderBytes = 128 * 1024;
// Callers watch for stalls themselves, and sooner; this is the last net under a body that nobody watches.
const silentBodyMs = 120_000;
// RFC 9110 section 15.4. Only a GET is ever repeated elsewhere, so the methods need not be told apart.
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/** @throws Error when a range of the policy is none */
export function guardedRequester(settings: RequesterSettings): Requester {
  const guard = addressGuard(settings);
  const agent = new Agent({
    connect: guardedConnector(guard, settings.connectTimeoutMs, settings.lookup),
    connections: connectionsPerOrigin,
    maxHeaderSize: answerHeaderBytes,
    headersTimeout: 0,
    bodyTimeout: silentBodyMs,
  });

  /** One hop. @param first origin of the caller's URL, the only one that gets the caller's headers */
  async function hop(url: URL, first: string, request: OutgoingRequest, signal: AbortSignal) {
    const objection = guard.objection(url);
    if (objection !== undefined) throw new OutgoingError('refused', objection);
    const given = lowerCased(request.headers);
    const answer = undici(url, {
      dispatcher: agent,
      method: request.method,
      headers: {
        'user-agent': settings.userAgent,
        accept: given['accept'] ?? '*/*',
        ...(url.origin === first ? given : {}),
        'accept-encoding': 'identity',
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal,
    });
    return unlessAborted(answer, signal);
  }

  /** All hops. `signal` ends when the headers are late or the caller gives up. */
  async function follow(start: URL, request: OutgoingRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const limit = request.method === 'GET' ? (request.redirects ?? 0) : 0;
    let url = start;
    for (let followed = 0; ; followed++) {
      const answer = await hop(url, start.origin, request, signal).catch((error: unknown) => {
        if (followed === 0) throw error;
        const failure = asRedirect(error);
        settings.onRedirect?.(url.host, failure instanceof OutgoingError && failure.failure === 'redirect_refused');
        throw failure;
      });
      if (followed > 0) settings.onRedirect?.(url.host, false);
      const location = redirectStatuses.has(answer.statusCode) ? answer.headers['location'] : undefined;
      if (limit === 0 || typeof location !== 'string') return answer;
      discard(answer);
      if (followed === limit) throw new OutgoingError('too_many_redirects', `more than ${limit} redirects`);
      if (!URL.canParse(location, url.href))
        throw new OutgoingError('redirect_refused', 'redirected to what is not a URL');
      url = new URL(location, url);
    }
  }

  return {
    async request(request) {
      if (!URL.canParse(request.url)) throw new OutgoingError('invalid_url', 'this is not a URL');
      const late = new OutgoingError('timeout', `timed out after ${request.headersTimeoutMs / 1000} s`);
      const limit = timeLimit(request.signal, request.headersTimeoutMs, late);
      try {
        const answer = await follow(new URL(request.url), request, limit.signal);
        limit.met();
        answer.body.once('close', limit.release);
        return present(answer, request.signal);
      } catch (error) {
        limit.release();
        throw outgoingError(error, request.signal);
      }
    },
    objection: (url) => (URL.canParse(url) ? guard.objection(new URL(url)) : 'this is not a URL'),
    close: () => agent.destroy(),
  };
}

// undici notices an abort only once it has a connection; a caller must not wait for that.
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** A refusal by the guard as it is called when a redirect led there. */
function asRedirect(error: unknown): unknown {
  if (!(error instanceof OutgoingError) || error.failure !== 'refused') return error;
  return new OutgoingError('redirect_refused', `redirected, but ${error.message}`, error);
}

function present(answer: Dispatcher.ResponseData, signal: AbortSignal): OutgoingAnswer {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  // Whoever reads the body is told of its errors by the iterator; one that is destroyed unread must not end the process.
  answer.body.on('error', () => {});
  return {
    status: answer.statusCode,
    headers,
    body: {
      async *[Symbol.asyncIterator]() {
        try {
          yield* answer.body;
        } catch (error) {
          throw outgoingError(error, signal);
        }
      },
      destroy: () => void answer.body.destroy(),
    },
  };
}

function discard(answer: Dispatcher.ResponseData): void {
  answer.body.on('error', () => {}).destroy();
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
