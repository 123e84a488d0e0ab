// The port to a carrier. A carrier's folder turns its wire into our words and back; it decides, it does no I/O:
// flows carry out the hops that it describes. No carrier field name appears beyond its folder.

import type { Millis } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { Direction, Identity, MediaKind, Origin } from './model.ts';
import type { CaptureReason } from './reasons.ts';

/** A request to an intake URL, untouched. Header names are lower-case, repeated headers joined by ", ". */
export type IntakeRequest = {
  method: 'GET' | 'POST';
  /** The public URL that the carrier called, made of the configured public address, path and query. */
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
};

/** What the carrier gets to hear. */
export type IntakeAnswer = { status: number; type?: string; body?: string };

/** A connection with its secrets opened. A secret that is being rotated has two values, the newer first. */
export type Account = { settings: JsonObject; secrets: JsonObject };

/** What a connection or channel looks like after its settings were read: what may be shown, and what is sealed. */
export type Configured = { settings: JsonObject; secrets: JsonObject };

export type Verification = 'verified' | 'missing' | 'wrong';

/** An attachment as a webhook announces it. */
export type MediaClaim = {
  kind: MediaKind;
  carrierMediaId: string | null;
  caption: string | null;
  fileName: string | null;
  voice: boolean;
  animated: boolean;
  thumbnailOf: number | null;
  declaredType: string | null;
  /** Lower-case hex. */
  declaredSha256: string | null;
  declaredSize: number | null;
  /** What `firstHop` needs besides the carrier's media id (a link that is fresh for a while, an account, …). */
  source: JsonObject;
  /** When the carrier drops the file, counted from the carrier's own timestamp. */
  deadline: Millis;
  /** Where in a trace its webhook stood, while traces are kept. */
  traceparent?: string;
  /** Set when the carrier itself says that the file cannot be had. */
  unavailable: CaptureReason | null;
};

export type InboundMessage = {
  is: 'message';
  /** Address of the channel it belongs to. */
  address: string;
  /** Unique per app and channel; never empty. */
  dedupeKey: string;
  carrierMessageId: string;
  direction: Direction;
  origin: Origin;
  kind: string;
  text: string | null;
  /** Every identity the carrier gives of the counterpart; may be empty. */
  identities: Identity[];
  name: string | null;
  groupId: string | null;
  context: JsonObject | null;
  content: JsonObject | null;
  raw: JsonObject | null;
  errors: JsonObject[];
  sentAt: Millis;
  /** Where in a trace its webhook stood, while traces are kept. */
  traceparent?: string;
  media: MediaClaim[];
};

/** One thing that a webhook tells. A status or notice is journaled and counted. */
export type Update =
  | InboundMessage
  | { is: 'status'; address: string | null }
  | { is: 'notice'; address: string | null; about: string }
  | { is: 'unparsed'; reason: string };

/** One request of a fetch. Its headers go to the exact origin of `url` and never further. */
export type Hop = {
  url: string;
  headers: Record<string, string>;
  /** answer: a small answer that `nextHop` reads; file: the bytes themselves. */
  yields: 'answer' | 'file';
  /** Whether this is a link that may have died, so that a refusal means "look it up again". */
  perishable: boolean;
  /** What the file should turn out to be, where this hop knows better than the webhook. */
  expects: { sha256?: string; size?: number; type?: string; fileName?: string };
};

export type HopAnswer = { status: number; headers: Readonly<Record<string, string>>; body: Uint8Array };

/** Why a hop did not give what it should, in the terms of the outcome table. */
export type HopFailure =
  | { is: 'transient'; reason: CaptureReason; retryAfterMs?: number }
  | { is: 'expired_link'; reason: CaptureReason }
  | { is: 'unknown_media'; reason: CaptureReason }
  | { is: 'account'; reason: CaptureReason }
  | { is: 'permanent'; reason: CaptureReason };

export type CaptureSubject = {
  address: string;
  carrierMediaId: string | null;
  source: JsonObject;
  account: Account;
  /** Secrets of the channel, opened. */
  channelSecrets: JsonObject;
};

/** A channel as a carrier sees it, its secrets opened. */
export type ChannelSubject = Pick<CaptureSubject, 'address' | 'account' | 'channelSecrets'>;

/** A message that the carrier's own list names. */
export type Listed = {
  carrierMessageId: string;
  address: string;
  sentAt: Millis;
  /** What the list says of it, for `webhook`. */
  facts: JsonObject;
  /** What `webhook` must ask for besides; null: nothing. */
  more: Hop | null;
};

/** How a carrier is asked for what came in lately, so that a lost webhook loses no message. */
export type Recent = {
  /** How far back the first look goes; 0: nobody should look. */
  span(account: Account): Millis;
  /** The request for a page of what came in since then; `next`: where the page before ended, null for the first. */
  page(account: Account, since: Millis, next: string | null): Hop | HopFailure;
  readPage(account: Account, answer: HopAnswer, now: Millis): { listed: Listed[]; next: string | null } | HopFailure;
  /** The webhook by which a message should have come, such as `parse` reads it. */
  webhook(
    account: Account,
    listed: Listed,
    more: HopAnswer | null,
    now: Millis,
  ): Pick<IntakeRequest, 'headers' | 'body'> | HopFailure;
};

export type Carrier = {
  readonly name: string;
  /** Answers that a verified webhook gets once it is durable. */
  readonly accepted: IntakeAnswer;
  /** Allow-listed request headers that the journal keeps. */
  readonly journalHeaders: readonly string[];
  /**
   * Reads the settings of a connection as an administrator gave them, without those that every connection has (carrier, name);
   * `before` holds what is in force when only some are changed. Faults name fields of the request, such as `body.app_secret`.
   * @throws Fault invalid_request that names the field
   */
  readConnection(given: Readonly<Record<string, unknown>>, before?: Account): Configured;
  /** Likewise for a channel, without its app, connection, address and display: the secrets that fetching and sending need. @throws Fault invalid_request */
  readChannel(given: Readonly<Record<string, unknown>>, before?: JsonObject): { secrets: JsonObject };
  /** The answer to a handshake, or undefined when the request is none. @throws Fault challenge_refused */
  challenge(request: IntakeRequest, account: Account): IntakeAnswer | undefined;
  /** Whether the request comes from the carrier. Raw bytes, constant time. */
  verify(request: IntakeRequest, account: Account, now: Millis): Verification;
  /** Everything that a verified request tells, never nothing. Never throws: what cannot be read is an `unparsed` update. */
  parse(request: IntakeRequest, account: Account, now: Millis): Update[];
  /** Where a capture begins. `again`: an earlier link was refused, so a look-up must decide. */
  firstHop(subject: CaptureSubject, now: Millis, again: boolean): Hop | HopFailure;
  /** What follows the answer of a hop that yields an answer. */
  nextHop(subject: CaptureSubject, answer: HopAnswer, now: Millis): Hop | HopFailure;
  /** What a refusal by a hop that yields a file means; `body` is its first 64 KiB at most. */
  judge(subject: CaptureSubject, hop: Hop, answer: HopAnswer, now: Millis): HopFailure;
  /** The DELETE by which the carrier drops its own copy of a file that is safe here; null: it keeps it. May be repeated. */
  discard(subject: CaptureSubject): Hop | null;
  /** null: the carrier lists no messages. */
  readonly recent: Recent | null;
  /** A request that changes nothing and shows whether the carrier accepts a channel's account; or why it cannot be made. */
  probe(subject: ChannelSubject): Hop | HopFailure;
  /** What the carrier says to that; undefined: it accepts it. */
  judgeProbe(answer: HopAnswer, now: Millis): HopFailure | undefined;
};

export type Carriers = ReadonlyMap<string, Carrier>;

/** For adapters: whether a step ended in a failure. */
export const isFailure = (step: Hop | HopFailure): step is HopFailure => 'is' in step;
