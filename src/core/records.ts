// The port to the records: commands and reads that take data and give data. Each command is one commit; work that
// follows from a fact is queued in the commit that states the fact. Nothing here holds a transaction open for a caller.
// Everything that crosses can be structured-cloned, because on SQLite both sides live in different threads.

import type { InboundMessage } from './carrier.ts';
import type { DialectPolicy } from './dialect-policy.ts';
import type { Id, Millis } from './ids.ts';
import type { JsonObject } from './json.ts';
import type {
  App,
  Attempt,
  Channel,
  Connection,
  Delivery,
  Document,
  Endpoint,
  Event,
  EventType,
  Integrity,
  JournalEntry,
  Key,
  Media,
  MediaKind,
  Message,
  Organization,
  Reach,
  User,
} from './model.ts';
import type { DeliveryState, MediaState } from './states.ts';

// ── Accepting ────────────────────────────────────────────────────────────────────────────────────────────────

/** One inbound request and what its carrier read in it. */
export type AcceptUnit = {
  connectionId: Id<'connection'>;
  receivedAt: Millis;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
  messages: InboundMessage[];
  /** How many statuses it told; they are counted only. */
  statuses: number;
  notices: number;
  /** Why items could not be read, one entry each. */
  unparsed: string[];
  verified: boolean;
  /**
   * Read again, at `receivedAt`, from this entry of the journal: no new entry is made, and its counts, problems and openness
   * become those of this reading. What it brings counts as received when the entry was; events and jobs are of now. An entry
   * that is gone is the fault not_found.
   */
  replays?: Id<'journal'>;
};

export type AcceptOutcome = {
  journalId: Id<'journal'>;
  created: number;
  duplicates: number;
  /** Attachments added to messages that were known without them. */
  mediaAdded: number;
  unrouted: number;
  unparsed: number;
  /** The kinds of jobs that may be worked on at once because of it. */
  ready: JobKind[];
};

// ── Jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────

export type JobKind = 'capture' | 'deliver' | 'remove';

/** A claimed job: a lease that must be renewed, fenced by its attempt number. */
export type Lease = { job: number; attempt: number };

/** A lease as it is claimed: which lane (a channel, an endpoint) it is of, and since when it could have been. */
export type Claim = Lease & { lane: number; readyAt: Millis };

export type ClaimRequest = {
  now: Millis;
  /** Places free on this node. */
  free: number;
  /** Most places one lane (a channel, an endpoint) may hold, and while it fails. */
  perLane: number;
  perFailingLane: number;
  leaseMs: number;
  /** Lanes that stand back: all others come before them, and they take no more than so many places together. */
  yielding?: { lanes: number[]; places: number } | undefined;
};

export type Claimed<Job> = {
  jobs: Job[];
  /** Whether other jobs of this kind are ready: they found no place, or rest with their channel or endpoint. */
  left: boolean;
  /** When the earliest waiting job of this kind becomes due; null when none waits. */
  nextDue: Millis | null;
};

export type CaptureJob = Claim & {
  /** Failures so far, lapses not counted. */
  failures: number;
  media: Media;
  channel: Channel;
  connection: Connection;
  /** What an earlier try left for the next. */
  memo: JsonObject | null;
};

export type DeliveryJob = Claim & {
  failures: number;
  delivery: Delivery;
  event: Event;
  endpoint: Endpoint;
};

export type RemoveJob = Claim & { failures: number; blob: string };

export type StoredFile = {
  blob: string;
  size: number;
  sha256: string;
  servedType: string | null;
  sniffedType: string | null;
  type: string;
  /** A name learnt while fetching; kept only where the webhook gave none. */
  fileName: string | null;
  integrity: Integrity;
};

export type CaptureResult =
  | { to: 'stored'; file: StoredFile }
  | { to: 'unavailable'; reason: string }
  /** counts: whether this was a failure of the media (false: the channel's account is to blame, or we stop). */
  | { to: 'retry'; at: Millis; reason: string; counts: boolean; memo: JsonObject | null };

export type ChannelMove =
  | { to: 'paused'; reason: string; probeAt: Millis }
  /** Pause when so many different media of the channel have failed for this reason since then. */
  | { to: 'paused_if_repeated'; reason: string; times: number; since: Millis; probeAt: Millis };

export type CaptureSettlement = Lease & { at: Millis; result: CaptureResult; channel: ChannelMove | null };

/** unwanted: the media was deleted meanwhile; stale: the lease had lapsed. `drop`: an object that nobody refers to and that the caller removes. */
export type CaptureSettled = { outcome: 'done' | 'unwanted' | 'stale'; drop: string | null };

/** An attempt before it is counted. */
export type AttemptLog = Omit<Attempt, 'number'>;

export type DeliveryResult =
  | { to: 'delivered' }
  | { to: 'retry'; at: Millis; reason: string }
  /** handOver: where the dialect has sockets, it goes to the app's socket in the same commit, to wait for a client there. */
  | { to: 'dead'; reason: string; handOver?: true }
  /** The receiver is gone for good: its endpoint pauses and this delivery waits with the others. */
  | { to: 'pause_endpoint'; reason: string };

export type DeliverySettlement = Lease & { at: Millis } & (
    | { log: AttemptLog; result: DeliveryResult }
    /** Nobody was connected to hear it. It waits, untried, for `releaseQueue`, and is due without it only then. */
    | { log: null; result: { to: 'queued'; until: Millis } }
  );

export type Settled = { outcome: 'done' | 'stale' };

export type RemoveSettlement = Lease & {
  at: Millis;
  result: { to: 'removed' } | { to: 'retry'; at: Millis; reason: string };
};

// ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────

/** One page of a list, newest first unless said otherwise. `next` is opaque; null: there is no more. */
export type Page<Row> = { rows: Row[]; next: string | null };
export type PageRequest = { limit: number; cursor: string | null };

/** `changed: false`: the thing exists but is not in a state that allows the move. undefined: there is no such thing within reach. */
export type Moved<Row> = { changed: boolean; row: Row } | undefined;

export type MediaFilter = { state?: MediaState; kind?: MediaKind; appId?: Id<'app'>; messageId?: Id<'message'> };
export type MessageFilter = {
  appId?: Id<'app'>;
  channelId?: Id<'channel'>;
  conversationId?: Id<'conversation'>;
  /** The carrier's own id of it. */
  carrierMessageId?: string;
};
export type DeliveryFilter = { state?: DeliveryState; endpointId?: Id<'endpoint'>; appId?: Id<'app'> };

/** Whom a key belongs to: the keys of an app, or those of an organization itself. */
export type KeyOwner = { kind: 'app'; id: string } | { kind: 'organization'; id: string };

export type NewKey = {
  hash: Uint8Array;
  name: string;
  reach: Reach;
  permissions: Key['permissions'];
  mode: Key['mode'];
  dialect: string;
  endsAt?: Millis | null;
};

/** A file that an application gave, its object already in the store. */
export type NewUpload = {
  kind: MediaKind;
  fileName: string | null;
  declaredType: string | null;
  sniffedType: string | null;
  type: string;
  size: number;
  sha256: string;
  blob: string;
  /** Retention does not end it: it is here until somebody deletes it. */
  keep: boolean;
};

/**
 * Which deliveries of a span a replay makes due: `dead`: those that died; `missing`: also events that the endpoint was never
 * told of, because it was added later; `all`: also what was delivered before.
 */
export type ReplayScope = 'dead' | 'missing' | 'all';

/** What became of a request with an idempotency key. `other`: the key was used for a different request. */
export type IdempotencyMark =
  | { is: 'first' }
  | { is: 'running' }
  | { is: 'other' }
  | { is: 'done'; status: number; answer: Uint8Array };

/** Whose setting decides when a file expires. */
export type RetentionRule = 'app' | 'organization' | 'dialect' | 'instance';

/** One object of the store and the live media that refer to it. */
export type KeptBlob = {
  blob: string;
  sha256: string;
  size: number;
  media: { id: Id<'media'>; appId: Id<'app'>; deadline: Millis; fromCarrier: boolean }[];
};

/** Names a document of an app: unique with dialect and kind. */
export type DocumentName = { appId: Id<'app'>; dialect: string; kind: string; name: string };

/** A job that rests, because so many claims of it lapsed that its work may be what kills those who do it. */
export type RestingJob = {
  /** Of the media, the delivery or the blob that it is about. */
  id: string;
  kind: JobKind;
  appId: Id<'app'>;
  lapses: number;
  failures: number;
  /** Of its last failure. */
  reason: string | null;
  createdAt: Millis;
};

/** An owner of files that can be deleted. */
export type Erasable = { kind: 'organization' | 'app' | 'channel'; id: string };

export type Backlog = {
  captures: {
    ready: number;
    waiting: number;
    running: number;
    resting: number;
    oldestAt: Millis | null;
    nearestDeadline: Millis | null;
  };
  deliveries: {
    ready: number;
    waiting: number;
    running: number;
    resting: number;
    oldestAt: Millis | null;
    dead: number;
    /** Those that wait for a client to connect; the others do not count them. */
    queued: number;
  };
  journal: { unrouted: number; unparsed: number };
  pausedChannels: number;
  pausedEndpoints: number;
};

/** The engine, and those of its settings on which it depends whether a commit survives a loss of power. */
export type Durability = {
  engine: 'SQLite' | 'PostgreSQL';
  version: string;
  settings: { name: string; value: string; safe: boolean }[];
};

export type Records = {
  // Accepting and working. Callers need not batch: calls that arrive while a commit runs share the next one.

  /** Stores inbound requests; one outcome for each unit. A unit that cannot be stored alone is kept as unparsed. */
  accept(units: AcceptUnit[]): Promise<AcceptOutcome[]>;
  claimCaptures(request: ClaimRequest): Promise<Claimed<CaptureJob>>;
  claimDeliveries(request: ClaimRequest): Promise<Claimed<DeliveryJob>>;
  claimRemovals(request: ClaimRequest): Promise<Claimed<RemoveJob>>;
  /**
   * Whether this process claims the deliveries of a socket: while somebody is connected to it here. All are closed when the
   * records are opened. false: there is no such socket.
   */
  openLane(request: { endpointId: string; open: boolean }): Promise<boolean>;
  /**
   * Kills what waits at a socket: all but the newest `perSender` of each contact or group (`queue_full`), and what has waited
   * since before `olderThan` (`queue_expired`). The sweep does so too, by the dialect's policy. Gives how many.
   */
  trimQueue(request: { endpointId: string; perSender: number; olderThan: Millis; now: Millis }): Promise<number>;
  /**
   * Makes what waits at a socket due now, `spacingMs` later, and so on: the oldest message first by its carrier's time, whoever
   * sent it. What waits for files of its message goes on waiting. Gives how many.
   */
  releaseQueue(request: { endpointId: string; now: Millis; spacingMs: number }): Promise<number>;
  /** Prolongs leases to `until`; gives the jobs whose lease was lost. */
  renew(request: { leases: Lease[]; until: Millis }): Promise<number[]>;
  /** Gives leases back untried, for a graceful stop. */
  release(request: { leases: Lease[]; now: Millis }): Promise<void>;
  settleCaptures(units: CaptureSettlement[]): Promise<CaptureSettled[]>;
  settleDeliveries(units: DeliverySettlement[]): Promise<Settled[]>;
  settleRemovals(units: RemoveSettlement[]): Promise<Settled[]>;
  /** One bounded step of ageing: expired media, erased owners, old journal, events and attempts. Gives how many rows it changed. */
  sweep(request: { now: Millis; limit: number }): Promise<{ changed: number }>;
  /**
   * Dooms those of the objects that no row knows and queues their removal; from then on no capture can be stored with them.
   * `ownerless`: objects of apps that were never here, to which no row can ever refer; the caller removes them.
   */
  doomOrphans(request: { objects: string[]; now: Millis }): Promise<{ doomed: number; ownerless: string[] }>;
  /** Those of the objects that no row knows. */
  unknownObjects(request: { objects: string[] }): Promise<string[]>;

  // Media, messages, events, deliveries.

  media(request: { reach: Reach; id: string }): Promise<Media | undefined>;
  /** By id alone, for links: the signature has already shown that the caller may. */
  mediaForLink(request: { id: string }): Promise<Media | undefined>;
  listMedia(request: { reach: Reach; filter: MediaFilter; page: PageRequest }): Promise<Page<Media>>;
  /** unavailable or remote → pending, with a capture job. */
  retryMedia(request: { reach: Reach; id: string; now: Millis }): Promise<Moved<Media>>;
  /**
   * Somebody asks for the file. Each call is answered by one event `media.answered`: at once where it is stored, or gone for good
   * (`changed: false`); otherwise when its capture ends, which is queued where none is.
   */
  askMedia(request: { reach: Reach; id: string; now: Millis }): Promise<Moved<Media>>;
  /** any → deleted; deleting twice changes nothing. */
  deleteMedia(request: { reach: Reach; id: string; now: Millis }): Promise<Moved<Media>>;
  /**
   * Media without a message, stored at once. `drop`: an object that nobody refers to and that the caller removes, because the
   * app had the same bytes already. undefined: there is no such app within reach; the caller removes the object.
   */
  createUpload(request: {
    reach: Reach;
    appId: string;
    now: Millis;
    upload: NewUpload;
  }): Promise<{ media: Media; drop: string | null } | undefined>;
  /** Stored media whose time ends by `until`, the soonest first, with the setting that decides. */
  listExpiring(request: {
    reach: Reach;
    appId?: Id<'app'>;
    until: Millis;
    page: PageRequest;
  }): Promise<Page<{ media: Media; rule: RetentionRule }>>;
  /** Objects that media refer to, in the order of their keys, each with those media. */
  listBlobs(request: { page: PageRequest }): Promise<Page<KeptBlob>>;
  /**
   * The object is gone or holds other bytes. Media that its carrier still has become pending, with a capture job; the others
   * unavailable for this reason. The object is doomed. Gives the media, as they are now.
   */
  loseBlob(request: { blob: string; reason: string; now: Millis }): Promise<Media[]>;
  message(request: { reach: Reach; id: string }): Promise<Message | undefined>;
  listMessages(request: { reach: Reach; filter: MessageFilter; page: PageRequest }): Promise<Page<Message>>;
  /**
   * Oldest first. `next` is always set: it points after the last event given, so that a caller can go on later.
   * `cursors` point after each of the rows. `gap`: events after the cursor have been forgotten by age, so that going on from
   * it would skip them.
   */
  listEvents(request: {
    reach: Reach;
    appId?: Id<'app'>;
    types?: EventType[];
    page: PageRequest;
  }): Promise<{ rows: Event[]; cursors: string[]; next: string; gap: boolean }>;
  /** The cursor after the newest event that a reader can see now. */
  eventsEnd(): Promise<string>;
  delivery(request: { reach: Reach; id: string }): Promise<Delivery | undefined>;
  listDeliveries(request: { reach: Reach; filter: DeliveryFilter; page: PageRequest }): Promise<Page<Delivery>>;
  listAttempts(request: { reach: Reach; deliveryId: string }): Promise<Attempt[] | undefined>;
  /** dead → pending, due now, with a fresh schedule. */
  replayDelivery(request: { reach: Reach; id: string; now: Millis }): Promise<Moved<Delivery>>;
  /** All dead ones of an endpoint; gives how many, undefined when there is no such endpoint. */
  replayDead(request: { reach: Reach; endpointId: string; now: Millis }): Promise<number | undefined>;
  /**
   * One bounded step of a replay to an endpoint, over events of its app from `from` until before `to` that it hears and its
   * dialect speaks, in their order. `next`: where to go on; null: the span is done. undefined: there is no such endpoint.
   */
  replayEvents(request: {
    reach: Reach;
    appId: string;
    endpointId: string;
    from: Millis;
    to: Millis;
    scope: ReplayScope;
    now: Millis;
    limit: number;
    cursor: string | null;
  }): Promise<{ queued: number; next: string | null } | undefined>;
  journalEntry(request: {
    id: string;
  }): Promise<(JournalEntry & { headers: Readonly<Record<string, string>>; body: Uint8Array }) | undefined>;
  listJournal(request: { only?: 'unrouted' | 'unparsed'; page: PageRequest }): Promise<Page<JournalEntry>>;
  backlog(request: { now: Millis }): Promise<Backlog>;
  /** The oldest first. */
  listResting(request: { limit: number }): Promise<RestingJob[]>;
  /** Sets resting jobs going again as if no claim had lapsed: those with these ids, or all. Gives how many. */
  resumeJobs(request: { ids: string[] | null; now: Millis }): Promise<number>;
  /** Objects and bytes in the store, and the bytes that sharing them saves. */
  storage(): Promise<{ objects: number; bytes: number; savedBytes: number }>;
  /**
   * Marks a request of a caller as begun, once. A mark that has begun and never ended counts as absent after `staleMs`.
   * Marks older than a day go with the sweep.
   */
  beginIdempotent(request: {
    caller: string;
    idempotencyKey: string;
    fingerprint: string;
    now: Millis;
    staleMs: number;
  }): Promise<IdempotencyMark>;
  /** Keeps its answer; null: it failed on our side, and the mark goes so that it can be tried again. */
  endIdempotent(request: {
    caller: string;
    idempotencyKey: string;
    end: { status: number; answer: Uint8Array } | null;
  }): Promise<void>;
  /** Whether nothing is left of a deleted owner's files, in the records or in the store. */
  isErased(request: Erasable): Promise<boolean>;

  // Administration.

  createOrganization(request: { now: Millis; name: string; mediaRetentionDays: number | null }): Promise<Organization>;
  organization(request: { id: string }): Promise<Organization | undefined>;
  listOrganizations(request: { page: PageRequest }): Promise<Page<Organization>>;
  updateOrganization(request: {
    id: string;
    set: Partial<Pick<Organization, 'name' | 'mediaRetentionDays'>>;
  }): Promise<Organization | undefined>;
  /** Its apps are deleted with it. */
  deleteOrganization(request: { id: string; now: Millis }): Promise<boolean>;

  /** undefined: the organization named does not exist. */
  createApp(request: { now: Millis } & Omit<App, 'id' | 'createdAt'>): Promise<App | undefined>;
  app(request: { reach: Reach; id: string }): Promise<App | undefined>;
  listApps(request: { reach: Reach; page: PageRequest }): Promise<Page<App>>;
  updateApp(request: {
    reach: Reach;
    id: string;
    set: Partial<Omit<App, 'id' | 'createdAt' | 'organizationId'>>;
  }): Promise<App | undefined>;
  /** Gone for every reader at once; its media, channels, endpoints and keys follow. */
  deleteApp(request: { reach: Reach; id: string; now: Millis }): Promise<boolean>;

  createKey(request: { now: Millis } & NewKey): Promise<Key>;
  /** The live key with this hash, not ended, whose app and organization are live too. */
  keyByHash(request: { hash: Uint8Array; now: Millis }): Promise<Key | undefined>;
  key(request: { reach: Reach; owner: KeyOwner; id: string }): Promise<Key | undefined>;
  listKeys(request: { reach: Reach; owner: KeyOwner; page: PageRequest }): Promise<Page<Key>>;
  updateKey(request: {
    reach: Reach;
    owner: KeyOwner;
    id: string;
    set: Partial<Pick<Key, 'name' | 'permissions'>>;
  }): Promise<Key | undefined>;
  /** A new key like this one, which ends at `oldUntil`; one commit. */
  rotateKey(request: {
    reach: Reach;
    owner: KeyOwner;
    id: string;
    hash: Uint8Array;
    now: Millis;
    oldUntil: Millis;
  }): Promise<Key | undefined>;
  /** Revokes it. */
  deleteKey(request: { reach: Reach; owner: KeyOwner; id: string; now: Millis }): Promise<boolean>;

  createConnection(request: {
    now: Millis;
    carrier: string;
    name: string;
    settings: JsonObject;
    sealed: Uint8Array;
  }): Promise<Connection>;
  connection(request: { id: string }): Promise<Connection | undefined>;
  listConnections(request: { page: PageRequest }): Promise<Page<Connection>>;
  /** New secrets make its paused channels probe at once. */
  updateConnection(request: {
    id: string;
    set: Partial<Pick<Connection, 'name' | 'settings' | 'sealed'>>;
  }): Promise<Connection | undefined>;
  deleteConnection(request: { id: string; now: Millis }): Promise<'deleted' | 'in_use' | 'absent'>;

  /** taken: another live channel of the connection has this address. absent: no such app or connection. */
  createChannel(request: {
    now: Millis;
    appId: string;
    connectionId: string;
    address: string;
    display: string;
    sealed: Uint8Array;
    /** An id reserved before; absent: a new one. */
    id?: Id<'channel'>;
  }): Promise<{ is: 'created'; channel: Channel } | { is: 'taken' } | { is: 'absent'; what: 'app' | 'connection' }>;
  channel(request: { reach: Reach; id: string }): Promise<Channel | undefined>;
  listChannels(request: { reach: Reach; appId?: Id<'app'>; page: PageRequest }): Promise<Page<Channel>>;
  /** New secrets make a paused channel probe at once, and captures that wait for another try due. */
  updateChannel(request: {
    reach: Reach;
    id: string;
    now: Millis;
    set: { display?: string; sealed?: Uint8Array };
  }): Promise<Channel | undefined>;
  /** destroyed: its media is gone for every reader at once. */
  deleteChannel(request: { reach: Reach; id: string; now: Millis }): Promise<boolean>;

  /** An app has one socket of a dialect: a second is the first. */
  createEndpoint(request: {
    now: Millis;
    reach: Reach;
    appId: string;
    url: string;
    transport: Endpoint['transport'];
    dialect: string;
    settings: JsonObject;
    events: EventType[] | null;
    sealed: Uint8Array;
  }): Promise<Endpoint | undefined>;
  endpoint(request: { reach: Reach; appId: string; id: string }): Promise<Endpoint | undefined>;
  listEndpoints(request: { reach: Reach; appId: string; page: PageRequest }): Promise<Page<Endpoint>>;
  /** `state` resumes or pauses it; resumed, its waiting deliveries become due. */
  updateEndpoint(request: {
    reach: Reach;
    appId: string;
    id: string;
    now: Millis;
    set: {
      url?: string;
      dialect?: string;
      settings?: JsonObject;
      events?: EventType[] | null;
      sealed?: Uint8Array;
      state?: 'active' | 'paused';
    };
  }): Promise<Endpoint | undefined>;
  /** Its open deliveries die with it. */
  deleteEndpoint(request: { reach: Reach; appId: string; id: string; now: Millis }): Promise<boolean>;

  /** How the connection that writes keeps what it commits. */
  durability(): Promise<Durability>;
  // What dialects keep.

  /** The one thing whose public id lies in a span, both ends included, whoever's it is and whatever became of it. */
  idWithin(request: {
    kind: 'media' | 'channel' | 'endpoint' | 'app';
    from: string;
    to: string;
  }): Promise<{ id: string; appId: Id<'app'> } | undefined>;
  document(request: DocumentName): Promise<Document | undefined>;
  listDocuments(request: Omit<DocumentName, 'name'> & { page: PageRequest }): Promise<Page<Document>>;
  /**
   * `create`: false where there is one already, which stays as it is. false also where the app is gone.
   * @throws Fault body_too_large for more than 64 KiB of JSON
   */
  putDocument(request: DocumentName & { value: JsonObject; now: Millis; how: 'put' | 'create' }): Promise<boolean>;
  removeDocument(request: DocumentName): Promise<boolean>;

  /** Names are unique in the whole instance, whatever their case. */
  createUser(request: {
    reach: Reach;
    appId: string;
    name: string;
    hash: string;
    now: Millis;
  }): Promise<{ is: 'created'; user: User } | { is: 'taken' } | undefined>;
  userByName(request: { name: string }): Promise<User | undefined>;
  listUsers(request: { reach: Reach; appId: string; page: PageRequest }): Promise<Page<User>>;
  updateUser(request: { reach: Reach; appId: string; id: string; set: { hash: string } }): Promise<User | undefined>;
  deleteUser(request: { reach: Reach; appId: string; id: string }): Promise<boolean>;

  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /** Lets running commits finish, then closes. */
  close(): Promise<void>;
};

/** What the records must know that is not in them. */
export type RecordsSettings = {
  policies: Record<string, DialectPolicy>;
  /** Retention by dialect in seconds (null: none); `hard`: waiting for a delivery does not prolong it. */
  dialectRetention: Record<string, { seconds: number | null; hard: boolean }>;
  instanceRetentionSeconds: number;
  deliverWithinSeconds: number;
  holdLimitSeconds: number;
  /** Ages after which rows go, in milliseconds. */
  keep: { journalMs: number; openJournalMs: number; eventsMs: number; messagesMs: number };
};
