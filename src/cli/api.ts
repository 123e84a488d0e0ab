// The native API as the commands call it. Answers are JSON of a bounded size, or bytes that stream.

import { Readable } from 'node:stream';
import { Agent, type Dispatcher, type FormData, request } from 'undici';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import { Refusal, Unreachable } from './failures.ts';
import type { Server } from './server.ts';
import type { World } from './world.ts';

export type Query = Readonly<Record<string, string | undefined>>;
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export type Api = {
  /** Where it speaks to, without a trailing slash. */
  url: string;
  /**
   * @param path below /api/v1, made with `pathOf` where it holds ids. `lastly`: also when the person has asked to stop, for at
   * most two seconds. An answer without a body gives {}. @throws Refusal, Unreachable
   */
  call(method: Method, path: string, more?: { query?: Query; body?: Json; lastly?: boolean }): Promise<JsonObject>;
  /** Sends bytes as they are. */
  upload(
    path: string,
    query: Query,
    file: { body: Readable | null; type: string; size: number; headers?: Record<string, string> },
  ): Promise<JsonObject>;
  /** Sends files as the parts of a form. */
  uploadForm(path: string, query: Query, form: FormData): Promise<JsonObject>;
  /** The bytes behind a path, as a stream. */
  download(path: string, query: Query): Promise<Readable>;
  close(): Promise<void>;
};

const answerBytes = 64 * 1024 * 1024;
/** How often a request that comes too fast is made again. */
const mostWaits = 10;

/** A path of words and ids; ids are whatever a person typed. */
export const pathOf = (...parts: string[]): string => `/${parts.map(encodeURIComponent).join('/')}`;

export function apiClient(server: Server, world: Pick<World, 'signal' | 'pause'>, userAgent: string): Api {
  const agent = new Agent({ connect: { timeout: 5_000 }, headersTimeout: 60_000, bodyTimeout: 60_000 });

  async function send(
    method: Method,
    path: string,
    query: Query,
    body: { content: string | Readable | FormData | null; headers: Record<string, string> },
    signal = world.signal,
  ): Promise<Dispatcher.ResponseData> {
    const url = new URL(`${server.url}/api/v1${path}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const headers = {
      authorization: `Bearer ${server.key}`,
      'accept-encoding': 'identity',
      'user-agent': userAgent,
      ...body.headers,
    };
    for (let waits = mostWaits; ; waits--) {
      const answer = await request(url, { method, headers, body: body.content, dispatcher: agent, signal }).catch(
        (error: unknown) => {
          throw signal.aborted || !isConnectionError(error) ? error : new Unreachable(server.url, error);
        },
      );
      if (answer.statusCode < 300) return answer;
      const refusal = refusalOf(answer.statusCode, await textOf(answer.body));
      const seconds = Number(answer.headers['retry-after']);
      // The rate of a key: whoever waits as long as is asked gets what was asked for.
      if (answer.statusCode !== 429 || waits === 0 || !(seconds <= 60) || isStream(body.content)) throw refusal;
      await world.pause(seconds * 1000);
    }
  }

  const nothing = { content: null, headers: {} };

  return {
    url: server.url,
    async call(method, path, { query = {}, body, lastly = false } = {}) {
      const json =
        body === undefined
          ? nothing
          : { content: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      const signal = lastly ? AbortSignal.timeout(2000) : world.signal;
      return jsonOf(server.url, await send(method, path, query, json, signal));
    },
    async upload(path, query, { body, type, size, headers: more }) {
      const headers = { 'content-type': type, 'content-length': `${size}`, ...more };
      return jsonOf(server.url, await send('POST', path, query, { content: body, headers }));
    },
    async uploadForm(path, query, form) {
      return jsonOf(server.url, await send('POST', path, query, { content: form, headers: {} }));
    },
    async download(path, query) {
      return (await send('GET', path, query, nothing)).body;
    },
    close: () => agent.close(),
  };
}

const connectionErrors =
  /^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|UND_ERR_(CONNECT_TIMEOUT|SOCKET|HEADERS_TIMEOUT|BODY_TIMEOUT))/;

const isStream = (content: string | Readable | FormData | null): boolean => content instanceof Readable;

/** Whether the way to the server failed, and not the server or this machine. */
export function isConnectionError(error: unknown): error is Error {
  if (error instanceof AggregateError) return error.errors.every(isConnectionError);
  return error instanceof Error && 'code' in error && connectionErrors.test(String(error.code));
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > answerBytes) throw new Refusal(502, `the answer is larger than ${answerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function jsonOf(url: string, answer: Dispatcher.ResponseData): Promise<JsonObject> {
  const text = await textOf(answer.body);
  if (text === '') return {};
  const json = parsed(text);
  if (json === undefined)
    throw new Refusal(502, `${url} answered something that is not a JSON object; is it a mediadock?`);
  return json;
}

/** RFC 9457; whatever else answers an error, such as a proxy, is told by its status. */
function refusalOf(status: number, text: string): Refusal {
  const problem = parsed(text);
  const said = problem?.['detail'] ?? problem?.['title'];
  if (problem === undefined || typeof said !== 'string') return new Refusal(status, `the server answered ${status}`);
  const errors = Array.isArray(problem['errors'])
    ? problem['errors'].filter((error): error is JsonObject => isObject(error))
    : [];
  return new Refusal(
    status,
    said,
    errors.map(({ field, message }) => ({ field: String(field), message: String(message) })),
  );
}

function parsed(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? (json as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
