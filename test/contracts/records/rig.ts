// What the claims about the records are tried on: an engine opened empty, and one app with a channel to begin with.

import type { InboundMessage, MediaClaim } from '../../../src/core/carrier.ts';
import type { DialectPolicy } from '../../../src/core/dialect-policy.ts';
import type { Id, Millis } from '../../../src/core/ids.ts';
import {
  type App,
  type Channel,
  type Connection,
  type Endpoint,
  type EventType,
  eventTypes,
  type Reach,
} from '../../../src/core/model.ts';
import type {
  AcceptUnit,
  AttemptLog,
  CaptureJob,
  CaptureResult,
  ChannelMove,
  ClaimRequest,
  DeliveryJob,
  DeliveryResult,
  NewUpload,
  Records,
  RecordsSettings,
  StoredFile,
} from '../../../src/core/records.ts';

export type Opened = {
  records: Records;
  /**
   * When the work of a former process is free again. Where one process at a time can hold the records it is so at once;
   * where others may be at work, only the lapse of its lease tells that it is dead.
   */
  freed: 'at once' | 'by lapse';
  /** Ends this process's hold on the records and opens them again, as after a restart. */
  reopen(settings?: RecordsSettings): Promise<Records>;
};
export type Open = (settings?: RecordsSettings) => Promise<Opened>;

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;
/** When the tests take place. */
export const start: Millis = Date.UTC(2026, 0, 5, 12);
export const everything: Reach = { kind: 'instance' };
export const firstPage = { limit: 100, cursor: null };

const policy = (hold: DialectPolicy['hold'], more: Partial<DialectPolicy> = {}): DialectPolicy => ({
  hold,
  parts: 'message',
  speaks: eventTypes,
  ...more,
});

export const settings: RecordsSettings = {
  policies: {
    native: policy('deliver_within'),
    held: policy('hold_limit'),
    prompt: policy('none'),
    split: policy('hold_limit', { parts: 'media' }),
    queued: policy('hold_limit', {
      speaks: ['message.received', 'media.stored'],
      queue: { perSender: 3, lifeMs: day },
    }),
    terse: policy('hold_limit', { speaks: ['message.received'] }),
  },
  dialectRetention: {
    native: { seconds: (90 * day) / 1000, hard: false },
    strict: { seconds: (2 * day) / 1000, hard: true },
    endless: { seconds: null, hard: false },
  },
  instanceRetentionSeconds: (60 * day) / 1000,
  deliverWithinSeconds: 300,
  holdLimitSeconds: 3600,
  keep: { journalMs: 7 * day, openJournalMs: 30 * day, eventsMs: 30 * day, messagesMs: 400 * day },
};

export type Home = Awaited<ReturnType<typeof home>>;

let serial = 0;
/** A text that no other call gives. */
export const fresh = (stem: string): string => `${stem}-${++serial}`;

export const newApp = async (records: Records, more: Partial<Omit<App, 'id' | 'createdAt'>> = {}): Promise<App> => {
  const app = await records.createApp({
    now: start,
    organizationId: null,
    name: 'Desk',
    dialect: 'native',
    mediaRetentionSeconds: null,
    linkSeconds: null,
    deliverWithinSeconds: null,
    holdLimitSeconds: null,
    autoDownload: null,
    ...more,
  });
  if (app === undefined) throw new Error('the app was not made');
  return app;
};

export const newConnection = async (records: Records): Promise<Connection> =>
  await records.createConnection({
    now: start,
    carrier: 'toy',
    name: 'Toy',
    settings: { depth: 1 },
    sealed: Uint8Array.of(1, 2),
  });

export const newChannel = async (
  records: Records,
  app: App,
  connection: Connection,
  address = fresh('address'),
): Promise<Channel> => {
  const made = await records.createChannel({
    now: start,
    appId: app.id,
    connectionId: connection.id,
    address,
    display: '+15550001',
    sealed: Uint8Array.of(3),
  });
  if (made.is !== 'created') throw new Error(`the channel was not made: ${made.is}`);
  return made.channel;
};

/** An app with one channel on a connection of its own, and what tests do with it. */
export async function home(records: Records, more: Partial<Omit<App, 'id' | 'createdAt'>> = {}) {
  const app = await newApp(records, more);
  const connection = await newConnection(records);
  const channel = await newChannel(records, app, connection);
  const reach: Reach = { kind: 'app', appId: app.id };

  return {
    app,
    connection,
    channel,
    reach,

    async endpoint(dialect = 'native', events: EventType[] | null = null): Promise<Endpoint> {
      const url = 'https://app.example/hook';
      const made = await records.createEndpoint({
        now: start,
        reach,
        appId: app.id,
        url,
        transport: 'webhook',
        dialect,
        settings: {},
        events,
        sealed: Uint8Array.of(9),
      });
      if (made === undefined) throw new Error('the endpoint was not made');
      return made;
    },

    message: (some: Partial<InboundMessage> = {}): InboundMessage => message({ address: channel.address, ...some }),

    unit: (messages: InboundMessage[], some: Partial<AcceptUnit> = {}): AcceptUnit =>
      unit(connection.id, messages, some),

    /** Accepts one message and gives it as it is read back. */
    async receive(some: Partial<InboundMessage> = {}, at: Millis = start) {
      const given = message({ address: channel.address, ...some });
      await records.accept([unit(connection.id, [given], { receivedAt: at })]);
      const { rows } = await records.listMessages({ reach, filter: {}, page: firstPage });
      const stored = rows.find((row) => row.carrierMessageId === given.carrierMessageId);
      if (stored === undefined) throw new Error('the message was not stored');
      return stored;
    },
  };
}

export const unit = (
  connectionId: Id<'connection'>,
  messages: InboundMessage[],
  some: Partial<AcceptUnit> = {},
): AcceptUnit => ({
  connectionId,
  receivedAt: start,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"a":1}'),
  messages,
  statuses: 0,
  notices: 0,
  unparsed: [],
  verified: true,
  ...some,
});

export function message(some: Partial<InboundMessage> = {}): InboundMessage {
  const id = fresh('wamid');
  return {
    is: 'message',
    address: 'nowhere',
    dedupeKey: id,
    carrierMessageId: id,
    direction: 'inbound',
    origin: 'live',
    kind: 'image',
    text: null,
    identities: [{ kind: 'phone', value: '393330001' }],
    name: 'Ada',
    groupId: null,
    context: null,
    content: null,
    raw: null,
    errors: [],
    sentAt: start - second,
    media: [claim()],
    ...some,
  };
}

export const claim = (some: Partial<MediaClaim> = {}): MediaClaim => ({
  kind: 'image',
  carrierMediaId: fresh('media'),
  caption: null,
  fileName: null,
  voice: false,
  animated: false,
  thumbnailOf: null,
  declaredType: 'image/jpeg',
  declaredSha256: null,
  declaredSize: null,
  source: {},
  deadline: start + 7 * day,
  unavailable: null,
  ...some,
});

export const claiming = (now: Millis, some: Partial<ClaimRequest> = {}): ClaimRequest => ({
  now,
  free: 16,
  perLane: 8,
  perFailingLane: 4,
  leaseMs: 30 * second,
  ...some,
});

export const file = (app: App, some: Partial<StoredFile> = {}): StoredFile => ({
  blob: `${app.id}/${fresh('blob')}`,
  size: 3,
  sha256: fresh('sha256'),
  servedType: 'image/jpeg',
  sniffedType: 'image/jpeg',
  type: 'image/jpeg',
  fileName: null,
  integrity: 'unchecked',
  ...some,
});

export const upload = (app: App, some: Partial<NewUpload> = {}): NewUpload => ({
  kind: 'document',
  fileName: 'Zoë \u0000 \ud83d.pdf',
  declaredType: 'application/pdf',
  sniffedType: null,
  type: 'application/pdf',
  size: 7,
  sha256: fresh('sha256'),
  blob: `${app.id}/${fresh('blob')}`,
  keep: false,
  ...some,
});

export const capturesAt = async (records: Records, now: Millis): Promise<CaptureJob[]> =>
  (await records.claimCaptures(claiming(now))).jobs;
export const deliveriesAt = async (records: Records, now: Millis): Promise<DeliveryJob[]> =>
  (await records.claimDeliveries(claiming(now, { free: 64 }))).jobs;

export const settle = async (
  records: Records,
  { job, attempt }: { job: number; attempt: number },
  at: Millis,
  result: CaptureResult,
  channel: ChannelMove | null = null,
) => {
  const [settled] = await records.settleCaptures([{ job, attempt, at, result, channel }]);
  if (settled === undefined) throw new Error('no outcome');
  return settled;
};

export const retryAt = (at: Millis, some: { counts?: boolean; reason?: string } = {}): CaptureResult => ({
  to: 'retry',
  at,
  reason: 'carrier_500',
  counts: true,
  memo: null,
  ...some,
});

export const attemptAt = (at: Millis, some: Partial<AttemptLog> = {}): AttemptLog => ({
  at,
  durationMs: 12,
  status: 200,
  fault: 'none',
  error: null,
  bodySha256: 'ab'.repeat(32),
  bodyLength: 2,
  reply: 'ok',
  ...some,
});

export const settleDelivery = async (
  records: Records,
  { job, attempt }: { job: number; attempt: number },
  at: Millis,
  result: DeliveryResult,
  log: Partial<AttemptLog> = {},
) => {
  const [settled] = await records.settleDeliveries([{ job, attempt, at, log: attemptAt(at, log), result }]);
  return settled?.outcome;
};

/** The types of all events of an app, oldest first. */
export const eventsOf = async (records: Records, reach: Reach): Promise<EventType[]> =>
  (await records.listEvents({ reach, page: firstPage })).rows.map((event) => event.type);

/** Sweeps until nothing changes. @returns how many rows changed */
export async function sweepAll(records: Records, now: number, limit = 100): Promise<number> {
  let all = 0;
  for (let rounds = 0; rounds < 200; rounds++) {
    const { changed } = await records.sweep({ now, limit });
    if (changed === 0) return all;
    all += changed;
  }
  throw new Error('the sweep found no end');
}
