// Whether this node can do its work: asked by load balancers often, so an answer is remembered for a second.

import type { BlobStore } from './core/blob-store.ts';
import type { Clock, Millis } from './core/ids.ts';
import type { Records } from './core/records.ts';
import type { HeadRoom } from './flows/head-room.ts';

export type Check = { name: string; ok: boolean; detail?: string };
/** `ok`: webhooks can be accepted and files kept. A check may fail without that, when a person should look. */
export type Readiness = { ok: boolean; checks: Check[] };

const rememberedMs = 1000;

export function watchHealth(parts: {
  records: Pick<Records, 'ping' | 'backlog'>;
  blobs: Pick<BlobStore, 'probe'>;
  room: HeadRoom;
  clock: Clock;
}): { ready(): Promise<Readiness> } {
  let remembered: { readiness: Promise<Readiness>; until: Millis } | undefined;

  async function look(): Promise<Readiness> {
    const share = `${(parts.room.free() * 100).toFixed(1)} % of the storage is free`;
    const needed = await Promise.all([
      checked('database', () => parts.records.ping()),
      checked('storage', () => parts.blobs.probe()),
      { name: 'head_room', ok: parts.room.forCaptures(), detail: share },
    ]);
    return { ok: needed.every(({ ok }) => ok), checks: [...needed, ...(await warnings())] };
  }

  /** What keeps no balancer away but needs a person. */
  async function warnings(): Promise<Check[]> {
    try {
      const { pausedChannels, pausedEndpoints, journal, captures, deliveries } = await parts.records.backlog({
        now: parts.clock.now(),
      });
      return [
        count('channels', pausedChannels, 'paused: their carrier refuses us'),
        count('endpoints', pausedEndpoints, 'paused'),
        count('unrouted', journal.unrouted, 'items that no channel claims'),
        count('unparsed', journal.unparsed, 'items that could not be read'),
        count('suspect_jobs', captures.resting + deliveries.resting, 'jobs whose claims lapsed ten times'),
      ];
    } catch {
      return []; // The database check above says it already.
    }
  }

  return {
    ready() {
      const now = parts.clock.now();
      if (remembered === undefined || remembered.until <= now)
        remembered = { readiness: look(), until: now + rememberedMs };
      return remembered.readiness;
    },
  };
}

const count = (name: string, many: number, what: string): Check =>
  many === 0 ? { name, ok: true } : { name, ok: false, detail: `${many} ${what}` };

async function checked(name: string, check: () => Promise<void>): Promise<Check> {
  try {
    await check();
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
