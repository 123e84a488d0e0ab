// The tables as the queries see them. Every table has a time-ordered integer `key` that never leaves the house; what
// the world sees is `id`. Values are what every engine stores alike: whole numbers (times in milliseconds since 1970),
// 0 or 1, text and bytes. Whatever a stranger wrote stands inside JSON text, whose escapes carry U+0000 and lone
// surrogates into engines that refuse them in plain text.

import type { Generated, Kysely } from 'kysely';
import type { PassFailpoint } from '../core/failpoints.ts';
import type { JsonObject } from '../core/json.ts';
import type {
  AttemptFault,
  Direction,
  EventType,
  IdentityKind,
  Integrity,
  MediaKind,
  Mode,
  Origin,
} from '../core/model.ts';
import type { JobKind, RecordsSettings } from '../core/records.ts';
import type { ChannelState, DeliveryState, EndpointState, MediaState } from '../core/states.ts';

/** JSON as text; what is in it is said beside each column. */
type JsonText = string;
type Flag = 0 | 1;
type Key = Generated<number>;

export type JobState = 'waiting' | 'ready' | 'leased' | 'resting';

export type Tables = {
  organizations: {
    key: Key;
    id: string;
    /** A string. */
    name: JsonText;
    media_retention_days: number | null;
    created_at: number;
    deleted_at: number | null;
  };
  apps: {
    key: Key;
    id: string;
    organization_key: number | null;
    name: JsonText;
    dialect: string;
    media_retention_seconds: number | null;
    link_seconds: number | null;
    deliver_within_seconds: number | null;
    hold_limit_seconds: number | null;
    /** A list of kinds; null: all. */
    auto_download: JsonText | null;
    /** Key of its last event that went by age. */
    events_forgotten: Generated<number>;
    created_at: number;
    deleted_at: number | null;
    /** When the sweep found nothing of a deleted app left. */
    erased_at: number | null;
  };
  users: {
    key: Key;
    id: string;
    app_key: number;
    /** A string. */
    name: JsonText;
    /** The name as it is compared: in one case, and one spelling of each character. */
    folded: string;
    hash: string;
    created_at: number;
  };
  documents: {
    key: Key;
    app_key: number;
    dialect: string;
    kind: string;
    name: string;
    /** An object. */
    value: JsonText;
    created_at: number;
  };
  api_keys: {
    key: Key;
    id: string;
    hash: Uint8Array;
    /** Its reach: an app, an organization, or the instance where both are null. */
    app_key: number | null;
    organization_key: number | null;
    name: JsonText;
    /** A list of permissions. */
    permissions: JsonText;
    mode: Mode;
    dialect: string;
    /** When it stops working, because another took its place. */
    ends_at: number | null;
    created_at: number;
    revoked_at: number | null;
  };
  connections: {
    key: Key;
    id: string;
    carrier: string;
    name: JsonText;
    settings: JsonText;
    sealed: Uint8Array;
    created_at: number;
    deleted_at: number | null;
  };
  channels: {
    key: Key;
    id: string;
    app_key: number;
    connection_key: number;
    address: string;
    /** A string. */
    display: JsonText;
    sealed: Uint8Array;
    state: ChannelState;
    /** A string. */
    reason: JsonText | null;
    state_at: number;
    /** When a paused channel is tried again with one job. */
    probe_at: number | null;
    created_at: number;
    /** When the sweep found no media of a destroyed channel left. */
    erased_at: number | null;
  };
  contacts: { key: Key; id: string; app_key: number; channel_key: number; name: JsonText | null; created_at: number };
  contact_identities: { key: Key; channel_key: number; contact_key: number; kind: IdentityKind; value: string };
  conversations: {
    key: Key;
    id: string;
    app_key: number;
    channel_key: number;
    /** Exactly one of these two is set. */
    contact_key: number | null;
    group_id: string | null;
    created_at: number;
  };
  messages: {
    key: Key;
    id: string;
    app_key: number;
    channel_key: number;
    conversation_key: number | null;
    contact_key: number | null;
    dedupe_key: string;
    carrier_message_id: string;
    group_id: string | null;
    direction: Direction;
    origin: Origin;
    /** A MessageBody. */
    body: JsonText;
    verified: Flag;
    sent_at: number;
    received_at: number;
  };
  media: {
    key: Key;
    id: string;
    app_key: number;
    channel_key: number | null;
    message_key: number | null;
    part: number;
    kind: MediaKind;
    state: MediaState;
    /** A string. */
    reason: JsonText | null;
    state_at: number;
    carrier_media_id: string | null;
    voice: Flag;
    animated: Flag;
    thumbnail_of: number | null;
    /** A MediaDetails. */
    details: JsonText;
    size: number | null;
    sha256: string | null;
    integrity: Integrity | null;
    blob_key: number | null;
    /** How many asked for the file since it was last told what became of it. */
    askers: Generated<number>;
    /** 1: retention does not end it. */
    kept: Generated<Flag>;
    received_at: number;
    stored_at: number | null;
    deadline: number;
  };
  blobs: {
    key: Key;
    app_key: number;
    /** Key in the blob store. */
    object: string;
    sha256: string;
    size: number;
    /** doomed: nothing refers to it and nothing ever will; its object waits to be removed. */
    state: 'live' | 'doomed';
    created_at: number;
  };
  /** What is in the store, as the sum of these rows; triggers write them. */
  storage: {
    key: Key;
    /** Blobs that are live, and their bytes. */
    objects: number;
    bytes: number;
    /** The bytes of all media that refer to them: as much as the store would hold if nothing were shared. */
    referred: number;
  };
  journal: {
    key: Key;
    id: string;
    connection_key: number;
    received_at: number;
    messages: number;
    duplicates: number;
    statuses: number;
    notices: number;
    unrouted: number;
    unparsed: number;
    /** 1 while something in it is unrouted or unparsed. */
    open: Flag;
    /** A list of strings. */
    problems: JsonText;
    /** Header names and values. */
    headers: JsonText;
    bytes: number;
    body: Uint8Array;
  };
  events: {
    key: Key;
    id: string;
    app_key: number;
    type: EventType;
    version: number;
    at: number;
    message_key: number | null;
    media_key: number | null;
    channel_key: number | null;
    endpoint_key: number | null;
  };
  endpoints: {
    key: Key;
    id: string;
    app_key: number;
    /** A string. */
    url: JsonText;
    dialect: string;
    transport: 'webhook' | 'socket';
    /** A list of event types; null: all. */
    events: JsonText | null;
    /** An object. */
    settings: JsonText;
    sealed: Uint8Array;
    state: EndpointState;
    reason: JsonText | null;
    state_at: number;
    created_at: number;
  };
  deliveries: {
    key: Key;
    id: string;
    app_key: number;
    event_key: number;
    endpoint_key: number;
    message_key: number | null;
    media_key: number | null;
    part: number;
    state: DeliveryState;
    reason: JsonText | null;
    state_at: number;
    attempts: number;
    created_at: number;
  };
  attempts: {
    key: Key;
    app_key: number;
    delivery_key: number;
    number: number;
    at: number;
    duration_ms: number;
    status: number | null;
    fault: AttemptFault;
    body_sha256: string | null;
    body_length: number | null;
    /** `{ error, reply }`, both strings or null. */
    answer: JsonText;
  };
  jobs: {
    key: Key;
    kind: JobKind;
    /** Key of the channel (capture), the endpoint (deliver) or the app (remove). */
    lane: number;
    /** Key of the media, the delivery or the blob. */
    subject: number;
    state: JobState;
    /** waiting: when it becomes ready; leased: when the lease lapses; ready: since when. */
    due_at: number;
    deadline: number | null;
    /** Claims so far: the fence of a lease. */
    attempt: Generated<number>;
    failures: Generated<number>;
    lapses: Generated<number>;
    last_reason: JsonText | null;
    last_failed_at: number | null;
    memo: JsonText | null;
    created_at: number;
  };
  /** What the fairness of claims needs to know of a lane. */
  lanes: {
    key: Key;
    kind: JobKind;
    lane: number;
    /** Number of the last claim that took from it; lower is longer ago. */
    turn: number;
    /** Failures since its last success. */
    failures: number;
  };
  /** How far each ageing step has looked, so that rows that must stay are not looked at again and again. */
  sweeps: { key: Key; step: string; after_key: number };
  /** Requests of callers that are made once, however often they are sent. */
  idempotency_marks: {
    key: Key;
    /** SHA-256 of who asked and the key that they named. */
    mark: Uint8Array;
    /** What the request was, so that another under the same key is noticed. */
    fingerprint: string;
    begun_at: number;
    /** Both null while it runs. */
    status: number | null;
    answer: Uint8Array | null;
  };
  migrations: { number: number; name: string; applied_at: number };
};

/** What a message says, kept in `messages.body`. */
export type MessageBody = {
  kind: string;
  text: string | null;
  context: JsonObject | null;
  content: JsonObject | null;
  raw: JsonObject | null;
  errors: JsonObject[];
  traceparent?: string;
};

/** What strangers said of a media, kept in `media.details`. */
export type MediaDetails = {
  caption: string | null;
  fileName: string | null;
  declaredType: string | null;
  declaredSha256: string | null;
  declaredSize: number | null;
  servedType: string | null;
  sniffedType: string | null;
  type: string | null;
  source: JsonObject;
  traceparent?: string;
};

export type Db = Kysely<Tables>;

/** What every query gets: the database (or the transaction that it runs in) and the settings in force. */
export type Access = {
  db: Db;
  settings: RecordsSettings;
  /** Whether others write at the same time, so that an order must lock the rows that it looks at before it decides. */
  severalWriters: boolean;
  pass?: PassFailpoint | undefined;
};
