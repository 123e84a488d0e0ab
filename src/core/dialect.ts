// The port to a dialect: a wire format spoken with applications. A dialect's folder turns our words into its own and back:
// what it says of an event, which addresses it answers at, how it words a fault. It decides; it does no I/O but through `Desk`.

import type { Caller } from './caller.ts';
import type { Desk } from './desk.ts';
import type { DialectPolicy, DialectRetention } from './dialect-policy.ts';
import type { Fault } from './faults.ts';
import type { Id, Millis } from './ids.ts';
import type { Json, JsonObject } from './json.ts';
import type { Links } from './links.ts';
import type { Event, Media, Mode, Permission } from './model.ts';
import type { SocketScope } from './socket.ts';

export type Rendered = {
  /** JSON text, exactly as it is signed and sent. */
  body: string;
  headers: Record<string, string>;
};

/** What is rendered: one part of an event, for one endpoint, at the moment of an attempt. */
export type Telling = {
  event: Event;
  part: number;
  now: Millis;
  links: Links;
  /** The dialect's own settings of the endpoint. */
  settings: JsonObject;
};

/** What follows a failed attempt: another after this wait, the native schedule from its beginning, or nothing. */
export type NextTry = { waitMs: number } | 'native' | 'none';

export type Dialect = {
  readonly name: string;
  readonly policy: DialectPolicy;
  /** null: the instance's own. */
  readonly retention: DialectRetention | null;
  /** What a new key begins with. */
  keyPrefix(mode: Mode, reach: 'app' | 'organization'): string;
  /** The request for one part of an event; null: the dialect has no words for it. Pure: the same input gives the same bytes. */
  render(telling: Telling): Rendered | null;
  /** Headers that sign the body in the dialect's own way, besides those of Standard Webhooks. */
  sign?(body: string, secret: string, settings: JsonObject): Record<string, string>;
  /** What follows the `failures`-th failed attempt, counted from 1. */
  nextTry(failures: number, settings: JsonObject): NextTry;
  /** Limit for one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * Reads the dialect's own settings of an endpoint as an operator gave them; `before` holds those in force.
   * @throws Fault invalid_request that names the field below `body.settings`
   */
  readSettings(given: JsonObject, before: JsonObject): JsonObject;
  /** Channels that a client makes before the operator gives them a line: documents of this kind keep their ids. */
  readonly reserves?: {
    kind: string;
    /** The vendor's name of the channel in such a document. */
    nameIn(value: JsonObject): string;
    /** The id that the channel gets when it is made under this name; undefined: it is no such name. */
    idOf(name: string): Id<'channel'> | undefined;
    /** Why no such channel can have this line at this carrier; undefined: it can. */
    objection(line: { carrier: string; address: string }): string | undefined;
  };
  /** What it says over WebSockets; absent: nothing. */
  readonly socket?: DialectSocket;
  /** What it answers to; none for the native one, whose routes are the API's. */
  readonly facade: Facade | null;
};

export type Dialects = ReadonlyMap<string, Dialect>;

export type DialectSocket = {
  /** Where clients connect. */
  path: string;
  /** The parameter of the query that may hold the key, because browsers cannot set headers there. */
  keyIn: string;
  /** Between two frames of what waited for a client to connect. */
  drainMs: Millis;
  /** What a connection asks to hear. @throws Fault for things that are not the caller's */
  scopeOf(call: Pick<DialectCall, 'caller' | 'query' | 'desk'>): Promise<SocketScope>;
  /** The first frame. @param connection a UUID */
  welcome(appId: Id<'app'>, scope: SocketScope, connection: string): string;
  /** The frame for one part of an event; null: the dialect has no words for it. Pure. */
  render(telling: Telling): string | null;
  /** The answer to a frame of the client; null: none. */
  hear(text: string, speaker: { caller: Caller; scope: SocketScope }): string | null;
};

// ── The façade: addresses of the vendor ──────────────────────────────────────────────────────────────────────

export type Facade = {
  routes: readonly DialectRoute[];
  /** The vendor's form of an error. */
  refuse(fault: Fault, asked: { path: string; now: Millis }): DialectAnswer;
  /** Headers that tell how much of the rate is left; `resetAt`: when it is whole again. */
  rateHeaders(rate: { limit: number; remaining: number; resetAt: Millis; now: Millis }): Record<string, string>;
};

export type DialectRoute = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As Fastify writes patterns. */
  path: string;
  /**
   * Who may call: a key of the dialect with this permission that reaches one app, or one of an organization; `password`: nobody
   * has been asked for a key, the route reads the Authorization header itself.
   */
  needs: { permission: Permission; reach: 'app' | 'organization' } | 'password';
  /** The body it reads: none, JSON (any value), or a stream that the desk bounds. */
  takes: 'nothing' | 'json' | 'stream';
  /** false: a GET that does something, so that HEAD must not do it too. */
  head?: false;
  /**
   * For the OpenAPI file: what it does, and JSON Schemas of its query (an object), its body, and its answers by status; null:
   * an answer that is not JSON.
   */
  describes: {
    summary: string;
    query?: JsonObject;
    body?: JsonObject;
    answers: Readonly<Record<number, JsonObject | null>>;
  };
  answer(call: DialectCall): Promise<DialectAnswer>;
};

export type DialectCall = {
  /** Absent only where the route needs a password. */
  caller: Caller;
  params: Readonly<Record<string, string>>;
  /** The first value of each name. */
  query: Readonly<Record<string, string>>;
  /** The path and query as they came. */
  url: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** JSON as parsed; undefined when there is none. */
  body: Json | undefined;
  /** The bytes as they come, where the route takes a stream. */
  stream: AsyncIterable<Uint8Array> | undefined;
  now: Millis;
  desk: Desk;
};

export type DialectAnswer = {
  status: number;
  headers?: Readonly<Record<string, string>>;
} & (
  | { json: Json }
  | { text: string; type: string }
  /** The file itself, under this type in place of its own. Ranges and conditions are served. */
  | { file: Media; type?: string; disposition?: 'inline' | 'attachment' }
  | { empty: true }
);
