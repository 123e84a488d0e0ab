// The words of the product as data. Every field that a stranger wrote is kept whole or clipped, never interpreted.
// Times are milliseconds since 1970, sizes bytes, hashes lower-case hex.

import type { Id, Millis } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { ChannelState, DeliveryState, EndpointState, MediaState } from './states.ts';

export type Permission = 'read' | 'send' | 'manage';
export type Mode = 'live' | 'test';

export type Organization = {
  id: Id<'organization'>;
  name: string;
  /** Days that media is kept; null: the next wider setting decides. */
  mediaRetentionDays: number | null;
  createdAt: Millis;
};

export type App = {
  id: Id<'app'>;
  organizationId: Id<'organization'> | null;
  name: string;
  /** Dialect of new keys and endpoints that name none. */
  dialect: string;
  mediaRetentionSeconds: number | null;
  linkSeconds: number | null;
  deliverWithinSeconds: number | null;
  holdLimitSeconds: number | null;
  /** Kinds of media that are captured on arrival, `voice` for voice notes; null: all. */
  autoDownload: string[] | null;
  createdAt: Millis;
};

/** A person or program that logs in with a password and gets a key of the app for a while. */
export type User = { id: Id<'user'>; appId: Id<'app'>; name: string; hash: string; createdAt: Millis };

/** A small document that a dialect keeps for an app: JSON of at most 64 KiB under a name that is unique per app, dialect and kind. */
export type Document = { name: string; value: JsonObject; createdAt: Millis };

/** Whose things a caller may see: everything, one organization's apps, or one app: the wall. */
export type Reach =
  | { kind: 'instance' }
  | { kind: 'organization'; organizationId: Id<'organization'> }
  | { kind: 'app'; appId: Id<'app'> };

export type Key = {
  id: Id<'key'>;
  name: string;
  reach: Reach;
  permissions: Permission[];
  mode: Mode;
  dialect: string;
  /** When it stops working, because another took its place; null: it does not. */
  endsAt: Millis | null;
  createdAt: Millis;
};

export type Connection = {
  id: Id<'connection'>;
  carrier: string;
  name: string;
  /** What the carrier's folder made of the settings; nothing secret. */
  settings: JsonObject;
  /** Secrets, sealed under the instance's secret key. */
  sealed: Uint8Array;
  createdAt: Millis;
};

export type Channel = {
  id: Id<'channel'>;
  appId: Id<'app'>;
  connectionId: Id<'connection'>;
  carrier: string;
  /** The carrier's own name for it: a phone number id, an agent, a number. Unique among live channels of a connection. */
  address: string;
  /** What people call it, usually the number with +. */
  display: string;
  sealed: Uint8Array;
  state: ChannelState;
  /** Why it is in this state: a fault of the carrier's account, or 'operator'. */
  reason: string | null;
  stateAt: Millis;
  createdAt: Millis;
};

export type IdentityKind = 'phone' | 'user_id' | 'parent_user_id';
/** One name under which the carrier knows a counterpart. A phone number is digits without +. */
export type Identity = { kind: IdentityKind; value: string };

export type Contact = { id: Id<'contact'>; name: string | null; identities: Identity[] };

export type Direction = 'inbound' | 'echo';
/** live: just sent; history: brought in by a sync of older chats. */
export type Origin = 'live' | 'history';

export type Message = {
  key: number;
  id: Id<'message'>;
  appId: Id<'app'>;
  channelId: Id<'channel'>;
  carrier: string;
  channelAddress: string;
  channelDisplay: string;
  conversationId: Id<'conversation'> | null;
  contact: Contact | null;
  /** The carrier's id of the group, for group messages. */
  groupId: string | null;
  carrierMessageId: string;
  direction: Direction;
  origin: Origin;
  /** `text`, `image`, `location`, … or the carrier's own word for a kind that we do not know. */
  kind: string;
  /** Text or caption. */
  text: string | null;
  /** Reply or forward information in our words; see the carrier's page in docs/carriers. */
  context: JsonObject | null;
  /** What the kind carries besides text and media (location, contacts, reaction, …). */
  content: JsonObject | null;
  /** The carrier's own JSON of a message whose kind we do not know. */
  raw: JsonObject | null;
  /** The carrier's complaints about this message, in its own words. */
  errors: JsonObject[];
  /** Set only when a trial connection did not verify the webhook. */
  verified: boolean;
  sentAt: Millis;
  receivedAt: Millis;
  /** Where in a trace its webhook stood; only while traces were kept. */
  traceparent?: string;
  media: Media[];
};

export type MediaKind = 'image' | 'audio' | 'video' | 'document' | 'sticker' | 'file';
/** verified: equals the carrier's sha256; mismatch: two separate downloads agreed on other bytes; unchecked: no sha256 was declared. */
export type Integrity = 'verified' | 'mismatch' | 'unchecked';

export type Media = {
  key: number;
  id: Id<'media'>;
  appId: Id<'app'>;
  channelId: Id<'channel'> | null;
  messageId: Id<'message'> | null;
  /** Place among the attachments of its message, from 0. */
  part: number;
  kind: MediaKind;
  state: MediaState;
  reason: string | null;
  stateAt: Millis;
  carrierMediaId: string | null;
  caption: string | null;
  /** As the sender wrote it; not safe as a path. */
  fileName: string | null;
  voice: boolean;
  animated: boolean;
  /** The part this is a thumbnail of. */
  thumbnailOf: number | null;
  declaredType: string | null;
  declaredSha256: string | null;
  declaredSize: number | null;
  servedType: string | null;
  sniffedType: string | null;
  /** Effective type, bare, once stored; before that what was declared. */
  type: string | null;
  size: number | null;
  sha256: string | null;
  integrity: Integrity | null;
  /** Key in the blob store while stored. */
  blob: string | null;
  receivedAt: Millis;
  storedAt: Millis | null;
  /** When the carrier drops the file. */
  deadline: Millis;
  /** When retention ends, by the settings in force now; null: kept until deleted. */
  expiresAt: Millis | null;
  /** Until when it is kept beyond that, because a delivery that brings it waits or came late; null: no longer. */
  heldUntil: Millis | null;
  /** Seconds that links of this app live; null: the instance's default. */
  linkSeconds: number | null;
  /** Where in a trace its webhook stood; only while traces were kept. */
  traceparent?: string;
  /** What its carrier needs to fetch it; never shown. */
  source: JsonObject;
};

export const eventTypes = [
  'message.received',
  'message.echoed',
  'message.status',
  'media.stored',
  'media.unavailable',
  'media.expired',
  'media.deleted',
  // The answer to an application that asked for a file; some dialects send one for each time it asked.
  'media.answered',
  'channel.paused',
  'channel.resumed',
  'endpoint.paused',
] as const;
export type EventType = (typeof eventTypes)[number];

/** A fact that an application should hear, with the things it is about as they are now. */
export type Event = {
  key: number;
  id: Id<'event'>;
  type: EventType;
  /** Version of the event's schema. */
  version: number;
  appId: Id<'app'>;
  at: Millis;
  message: Message | null;
  media: Media | null;
  channel: Channel | null;
  endpoint: Endpoint | null;
};

export type Endpoint = {
  id: Id<'endpoint'>;
  appId: Id<'app'>;
  /** Empty for a socket: whoever connects hears. */
  url: string;
  transport: 'webhook' | 'socket';
  dialect: string;
  /** The dialect's own settings of it. */
  settings: JsonObject;
  /** Event types it hears; null: all. */
  events: EventType[] | null;
  /** Signing secrets and static headers, sealed. */
  sealed: Uint8Array;
  state: EndpointState;
  reason: string | null;
  stateAt: Millis;
  createdAt: Millis;
};

export type Delivery = {
  key: number;
  id: Id<'delivery'>;
  appId: Id<'app'>;
  eventId: Id<'event'>;
  eventType: EventType;
  endpointId: Id<'endpoint'>;
  messageId: Id<'message'> | null;
  mediaId: Id<'media'> | null;
  part: number;
  state: DeliveryState;
  reason: string | null;
  stateAt: Millis;
  attempts: number;
  /** When the next attempt is due; null when none is. */
  dueAt: Millis | null;
  createdAt: Millis;
};

/** Whose fault a failed attempt was. */
export type AttemptFault = 'none' | 'receiver' | 'gateway';

export type Attempt = {
  /** Place among the attempts of its delivery, from 1. */
  number: number;
  at: Millis;
  durationMs: number;
  status: number | null;
  fault: AttemptFault;
  error: string | null;
  bodySha256: string | null;
  bodyLength: number | null;
  /** First 4 KiB of the answer, as text. */
  reply: string | null;
};

/** One inbound request: the exact bytes that a carrier posted, and what became of them. */
export type JournalEntry = {
  id: Id<'journal'>;
  connectionId: Id<'connection'>;
  receivedAt: Millis;
  messages: number;
  duplicates: number;
  statuses: number;
  notices: number;
  unrouted: number;
  unparsed: number;
  /** Why something in it could not be used, a line each, at most 20. */
  problems: string[];
  bytes: number;
};
