// What stands now, asked of the records when metrics are read: at most once in five seconds and one question at a time, so
// that whoever reads metrics often costs the database nothing. An answer that does not come in time is left out, and
// `mediadock_database_up` says so; a stale figure would look like a true one.

import { Gauge, type Registry } from 'prom-client';
import type { Clock, Millis } from '../core/ids.ts';
import type { Channel } from '../core/model.ts';
import type { Backlog, Records } from '../core/records.ts';
import type { HeadRoom } from '../flows/head-room.ts';

export type StandingParts = {
  records: Pick<Records, 'backlog' | 'storage' | 'listChannels'>;
  room: Pick<HeadRoom, 'free'>;
  clock: Clock;
  /** Open event streams, and the events that their readers have not acknowledged. */
  streams(): { open: number; unacknowledged: number };
  /** Clients that are connected to sockets of dialects, and what they were sent and have not shown to have read. */
  sockets(): { open: number; unacknowledged: number };
};

type Facts = { backlog: Backlog; storage: Awaited<ReturnType<Records['storage']>>; channels: Channel[]; at: Millis };

const rememberedMs = 5000;
const patienceMs = 5000;
/** One series each: an operator must know which channel needs a new token. Those beyond are in the count of paused ones only. */
const mostChannels = 1000;
const jobStates = ['ready', 'waiting', 'running', 'resting'] as const;

/** @returns puts what stands now into the registry */
export function standing(registry: Registry, parts: StandingParts): () => Promise<void> {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name: `mediadock_${name}`, help, labelNames, registers: [registry] });

  /** Likewise of what the records say, so that nothing is said when they do not. */
  const unsay: (() => void)[] = [];
  const fromRecords = <Label extends string>(name: string, help: string, labelNames: Label[] = []) => {
    const made = gauge(name, help, labelNames);
    unsay.push(() => (labelNames.length === 0 ? made.remove() : made.reset()));
    return made;
  };

  const up = gauge('database_up', 'Whether the database answered in time.');
  const free = gauge('storage_free_ratio', 'Share of the storage that is free, 0 to 1.');
  const streams = gauge('streams', 'Open event streams.');
  const streamLag = gauge('stream_unacknowledged_events', 'Events sent on streams and not acknowledged yet.');
  const sockets = gauge('sockets', 'Clients that are connected to sockets of dialects.');
  const socketLag = gauge('socket_unread_frames', 'Frames sent to sockets and not shown to be read yet.');

  const captureJobs = fromRecords('capture_jobs', 'Files that are to be captured, by the state of their job.', [
    'state',
  ]);
  const captureOldest = fromRecords('capture_oldest_seconds', 'How long the oldest of them has waited.');
  const captureTimeLeft = fromRecords(
    'capture_time_left_seconds',
    'The least time that is left before a carrier drops one of them; absent while there is none.',
  );
  const deliveryJobs = fromRecords(
    'delivery_jobs',
    'Deliveries that are to be made, by the state of their job; `queued`: they wait for a client of a socket.',
    ['state'],
  );
  const deliveryOldest = fromRecords('delivery_oldest_seconds', 'How long the oldest of them has waited.');
  const dead = fromRecords('dead_deliveries', 'Deliveries that were given up; they can be replayed.');
  const open = fromRecords(
    'journal_open_items',
    'Items of webhooks that no channel claims or that could not be read.',
    ['kind'],
  );
  const pausedChannels = fromRecords('channels_paused', 'Channels that are paused.');
  const pausedEndpoints = fromRecords('endpoints_paused', 'Endpoints that are paused.');
  const tokens = fromRecords('channel_token_valid', 'Whether the carrier accepts the token of a channel.', ['channel']);
  const objects = fromRecords('storage_objects', 'Files in the store, equal ones of an app counted once.');
  const bytes = fromRecords('storage_bytes', 'Their size.');
  const saved = fromRecords('storage_saved_bytes', 'Bytes that sharing equal files saves now.');

  let remembered: { facts: Facts; until: Millis } | undefined;
  let asking: Promise<Facts> | undefined;

  async function ask(): Promise<Facts> {
    const at = parts.clock.now();
    const [backlog, storage, channels] = await Promise.all([
      parts.records.backlog({ now: at }),
      parts.records.storage(),
      channelsOf(parts.records),
    ]);
    return { backlog, storage, channels, at };
  }

  /** @returns undefined when the records do not answer in time */
  async function factsNow(): Promise<Facts | undefined> {
    if (remembered !== undefined && remembered.until > parts.clock.now()) return remembered.facts;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    const facts = await inTime(asking);
    if (facts !== undefined) remembered = { facts, until: facts.at + rememberedMs };
    return facts;
  }

  function show({ backlog, storage, channels, at }: Facts): void {
    const { captures, deliveries, journal } = backlog;
    const age = (since: Millis | null) => (since === null ? 0 : Math.max(0, at - since) / 1000);
    for (const state of jobStates) {
      captureJobs.set({ state }, captures[state]);
      deliveryJobs.set({ state }, deliveries[state]);
    }
    deliveryJobs.set({ state: 'queued' }, deliveries.queued);
    captureOldest.set(age(captures.oldestAt));
    deliveryOldest.set(age(deliveries.oldestAt));
    if (captures.nearestDeadline !== null) captureTimeLeft.set((captures.nearestDeadline - at) / 1000);
    dead.set(deliveries.dead);
    open.set({ kind: 'unrouted' }, journal.unrouted);
    open.set({ kind: 'unparsed' }, journal.unparsed);
    pausedChannels.set(backlog.pausedChannels);
    pausedEndpoints.set(backlog.pausedEndpoints);
    for (const channel of channels) tokens.set({ channel: channel.id }, isAccepted(channel) ? 1 : 0);
    objects.set(storage.objects);
    bytes.set(storage.bytes);
    saved.set(storage.savedBytes);
  }

  return async () => {
    free.set(parts.room.free());
    const { open: openStreams, unacknowledged } = parts.streams();
    streams.set(openStreams);
    streamLag.set(unacknowledged);
    const connected = parts.sockets();
    sockets.set(connected.open);
    socketLag.set(connected.unacknowledged);
    const facts = await factsNow();
    for (const unsayOne of unsay) unsayOne();
    up.set(facts === undefined ? 0 : 1);
    if (facts !== undefined) show(facts);
  };
}

const isAccepted = ({ state }: Channel): boolean => state !== 'paused';

async function channelsOf(records: Pick<Records, 'listChannels'>): Promise<Channel[]> {
  const page = { limit: mostChannels, cursor: null };
  return (await records.listChannels({ reach: { kind: 'instance' }, page })).rows;
}

async function inTime(facts: Promise<Facts>): Promise<Facts | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs);
  });
  try {
    return await Promise.race([facts, late]);
  } catch {
    return undefined; // That the database is down is said by the metric, and why by the log of those who need it.
  } finally {
    clearTimeout(timer);
  }
}
