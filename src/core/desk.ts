// The use cases that a dialect's façade may call: what an application can do with its own things, in our words. Each is
// bounded by the caller's reach; a dialect never sees the records.

import type { Caller } from './caller.ts';
import type { Id, IdSpan, Millis } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { Links } from './links.ts';
import type {
  App,
  Channel,
  Document,
  Endpoint,
  EventType,
  Key,
  Media,
  MediaKind,
  Mode,
  Organization,
  Permission,
} from './model.ts';
import type { Page, PageRequest } from './records.ts';

/**
 * Whose a thing is: the caller's app's, somebody else's, or nobody's. Media is found in any state; a channel that was destroyed
 * is `gone`.
 */
export type Whose<Thing> = { is: 'own'; thing: Thing } | { is: 'gone' } | { is: 'foreign' } | { is: 'absent' };

/** Names a thing: its public id, or the span of ids that a foreign id stands for. */
export type Named<Kind extends 'media' | 'channel' | 'endpoint' | 'app'> = string | IdSpan<Kind>;

export type GivenFile = {
  stream: AsyncIterable<Uint8Array>;
  type: string | null;
  fileName: string | null;
  kind?: MediaKind;
  /** It has no retention: it is kept until somebody deletes it. */
  keep?: true;
};

export type EndpointOrder = {
  url?: string;
  /** Our event types; null: all. */
  events?: EventType[] | null;
  headers?: Record<string, string>;
  /** A signing secret; absent: one is made. */
  secret?: string;
  settings?: JsonObject;
  state?: 'active' | 'paused';
};

export type Desk = {
  links: Links;

  // ── Media ──
  media(caller: Caller, name: Named<'media'>): Promise<Whose<Media>>;
  /** The state that counts now: retention may have ended before the sweeper came by. */
  stateOf(media: Media): Media['state'];
  /** Keeps a file that the application gives. @throws Fault body_too_large, storage_full, invalid_request */
  upload(caller: Caller, file: GivenFile): Promise<Media>;
  /** Gone at once for every reader; deleting twice changes nothing. */
  removeMedia(caller: Caller, id: Id<'media'>): Promise<void>;
  /**
   * Asks for the file: fetched now if it is not here. Each call is answered by one event `media.answered`, whatever comes of it,
   * and calls that meet while it is fetched share the fetch.
   */
  askMedia(caller: Caller, id: Id<'media'>): Promise<Media>;

  // ── The app ──
  app(caller: Caller): Promise<App>;
  /** Kinds of media that are captured on arrival; null: all. `voice` is a voice note, `audio` any other sound. */
  setAutoDownload(caller: Caller, kinds: string[] | null): Promise<App>;

  // ── Endpoints of the caller's app and dialect ──
  endpoints(caller: Caller): Promise<Endpoint[]>;
  endpoint(caller: Caller, name: Named<'endpoint'>): Promise<Endpoint | undefined>;
  /** Its static headers, which are kept sealed. */
  headersOf(endpoint: Endpoint): Record<string, string>;
  /** @throws Fault invalid_request (the guard refuses the address, a header, a secret) */
  createEndpoint(
    caller: Caller,
    order: EndpointOrder & { url: string },
  ): Promise<{ endpoint: Endpoint; secret: string }>;
  updateEndpoint(caller: Caller, id: Id<'endpoint'>, order: EndpointOrder): Promise<Endpoint | undefined>;
  removeEndpoint(caller: Caller, id: Id<'endpoint'>): Promise<boolean>;

  // ── Channels ──
  channels(caller: Caller): Promise<Channel[]>;
  channel(caller: Caller, name: Named<'channel'>): Promise<Whose<Channel>>;
  /** Destroys it; resolves when its files are gone, or after 10 s. false: it was destroyed before. */
  removeChannel(caller: Caller, id: Id<'channel'>): Promise<boolean>;
  /** An id for a channel that the operator makes later under it. */
  reserveChannel(): Id<'channel'>;

  /** Whether there are messages of this conversation in the caller's app. */
  hasConversation(caller: Caller, id: Id<'conversation'>): Promise<boolean>;

  // ── Documents ──
  document(caller: Caller, kind: string, name: string): Promise<Document | undefined>;
  documents(caller: Caller, kind: string, page: PageRequest): Promise<Page<Document>>;
  /** Creates or replaces it; `create`: gives false and changes nothing where there is one. */
  putDocument(caller: Caller, kind: string, name: string, value: JsonObject, how: 'put' | 'create'): Promise<boolean>;
  removeDocument(caller: Caller, kind: string, name: string): Promise<boolean>;

  // ── The organization, for its own keys ──
  organization(caller: Caller): Promise<Organization>;
  setMediaRetentionDays(caller: Caller, days: number): Promise<Organization>;
  apps(caller: Caller, page: PageRequest): Promise<Page<App>>;
  createApp(caller: Caller, name: string): Promise<App>;
  /** A key of an app within reach, in the caller's dialect. undefined: there is no such app. */
  createKey(
    caller: Caller,
    order: { appId: string; name: string; mode: Mode; permissions: Permission[]; endsAt?: Millis },
  ): Promise<{ key: Key; secret: string } | undefined>;
  keys(caller: Caller, appId: string, page: PageRequest): Promise<Page<Key> | undefined>;

  // ── Users of an app ──
  /** A key that works for a while in exchange for name and password; undefined: they do not belong together. */
  login(
    dialect: string,
    name: string,
    password: string,
    lifeMs: number,
  ): Promise<{ secret: string; endsAt: Millis } | undefined>;
  /** Ends the key in use, if it came from a login. */
  logout(caller: Caller): Promise<boolean>;

  /** Takes in a text message as if a carrier had brought it; for keys of mode test. Gives the message's id. */
  simulate(
    caller: Caller,
    text: { from: string; to: string; text: string; subject?: string; carrier: 'sms' | 'whatsapp' },
  ): Promise<Id<'message'>>;
};
