// The life of files over everything that can happen to them, in any order: captures that run beside each other and die,
// files that several media share, deliveries that wait, deletions, retention, orphans, restarts, and a clock that jumps.
// Nothing that a media refers to is ever removed, and when all work is done nothing else is left.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { diskStore } from '../../../src/blobs/disk.ts';
import type { BlobStore } from '../../../src/core/blob-store.ts';
import { newId } from '../../../src/core/ids.ts';
import type { Media } from '../../../src/core/model.ts';
import type { CaptureJob, Records, RemoveJob } from '../../../src/core/records.ts';
import { orphanSearch } from '../../../src/flows/orphans.ts';
import {
  capturesAt,
  claim,
  claiming,
  day,
  deliveriesAt,
  everything,
  file,
  firstPage,
  type Home,
  home,
  hour,
  minute,
  type Open,
  settle,
  settleDelivery,
  upload,
} from './rig.ts';

const never = new AbortController().signal;
const contents = ['a photo', 'a contract', 'a voice note'];

/** One thing that happens; the number chooses among what there is. */
type Happening = { what: keyof typeof happenings; which: number };
type Held = { job: CaptureJob; blob: string; content: number };
type World = {
  records: Records;
  reopen(): Promise<Records>;
  blobs: BlobStore;
  homes: Home[];
  /** Captures whose bytes are in the store and that no row tells of yet. */
  captured: Held[];
  removing: RemoveJob[];
  now: number;
  searchOrphans: () => Promise<boolean>;
};

const choose = <Item>(items: readonly Item[], which: number): Item | undefined => items[which % items.length];
const take = <Item>(items: Item[], which: number): Item | undefined =>
  items.length === 0 ? undefined : items.splice(which % items.length, 1)[0];

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const happenings = {
  async receive({ records, homes, now }: World, which) {
    const at = choose(homes, which);
    if (at === undefined) return;
    const received = at.message({ media: [claim({ deadline: now + 7 * day })] });
    await records.accept([at.unit([received], { receivedAt: now })]);
  },
  /** Claims what there is and writes its bytes; what follows is another happening. */
  async capture(world, which) {
    for (const job of await capturesAt(world.records, world.now)) {
      const blob = `${job.media.appId}/${newId('blob', world.now)}`;
      const content = which % contents.length;
      await world.blobs.write(blob, bytesOf(contents[content] ?? ''), never);
      world.captured.push({ job, blob, content });
    }
  },
  async settleCapture(world, which) {
    const held = take(world.captured, which);
    if (held === undefined) return;
    const { job, blob, content } = held;
    const app = world.homes.find((at) => at.app.id === job.media.appId)?.app;
    if (app === undefined) throw new Error('a capture of no app');
    const stored = file(app, { blob, sha256: `sha-${content}`, size: contents[content]?.length ?? 0 });
    // Refused when the object was doomed meanwhile: then the lease lapses and the file is fetched again.
    const settled = await settle(world.records, job, world.now, { to: 'stored', file: stored }).catch(() => undefined);
    if (settled?.drop) await world.blobs.remove(settled.drop);
  },
  async upload(world, which) {
    const app = choose(world.homes, which)?.app;
    if (app === undefined) return;
    const content = contents[which % contents.length] ?? '';
    const blob = `${app.id}/${newId('blob', world.now)}`;
    await world.blobs.write(blob, bytesOf(content), never);
    const given = upload(app, { size: content.length, sha256: `sha-${which % contents.length}`, blob });
    const made = await world.records.createUpload({ reach: everything, appId: app.id, now: world.now, upload: given });
    const left = made === undefined ? blob : made.drop;
    if (left !== null) await world.blobs.remove(left);
  },
  /** The bytes of a file are gone from the store, and somebody finds that out. */
  async lose(world, which) {
    const blob = choose(await storedMedia(world), which)?.blob;
    if (blob === undefined || blob === null || which % 3 !== 0) return;
    await world.blobs.remove(blob);
    await world.records.loseBlob({ blob, reason: 'lost_in_store', now: world.now });
  },
  async dieBeforeSettling(world, which) {
    take(world.captured, which);
  },
  async deliver({ records, now }, which) {
    for (const job of await deliveriesAt(records, now)) {
      const result =
        which % 3 === 0
          ? ({ to: 'retry', at: now + hour, reason: 'HTTP 500' } as const)
          : ({ to: 'delivered' } as const);
      await settleDelivery(records, job, now, result);
    }
  },
  async deleteMedia({ records, now }, which) {
    const { rows } = await records.listMedia({ reach: everything, filter: {}, page: firstPage });
    const id = choose(rows, which)?.id;
    if (id !== undefined) await records.deleteMedia({ reach: everything, id, now });
  },
  async deleteChannel({ records, homes, now }, which) {
    const id = choose(homes, which)?.channel.id;
    if (id !== undefined && which % 4 === 0) await records.deleteChannel({ reach: everything, id, now });
  },
  async deleteApp({ records, homes, now }, which) {
    const id = choose(homes, which)?.app.id;
    if (id !== undefined && which % 8 === 0) await records.deleteApp({ reach: everything, id, now });
  },
  async sweep({ records, now }, which) {
    await records.sweep({ now, limit: 1 + (which % 5) });
  },
  async claimRemoval({ records, now, removing }, which) {
    const { jobs } = await records.claimRemovals(claiming(now, { free: 1 + (which % 3) }));
    removing.push(...jobs);
  },
  async remove({ records, blobs, removing, now }, which) {
    const job = take(removing, which);
    if (job === undefined) return;
    await blobs.remove(job.blob);
    if (which % 4 === 0) return; // It died before it could say so.
    await records.settleRemovals([{ job: job.job, attempt: job.attempt, at: now, result: { to: 'removed' } }]);
  },
  async searchOrphans({ searchOrphans }) {
    await searchOrphans();
  },
  async restart(world) {
    world.records = await world.reopen();
    world.captured.length = 0;
    world.removing.length = 0;
  },
  async passMinutes(world, which) {
    world.now += (1 + (which % 10)) * minute;
  },
  async passDays(world, which) {
    world.now += (1 + (which % 3)) * day;
  },
} satisfies Record<string, (world: World, which: number) => Promise<void>>;

const makers = ['receive', 'capture', 'settleCapture'] as const;

async function storedMedia({ records }: World): Promise<Media[]> {
  const { rows } = await records.listMedia({ reach: everything, filter: { state: 'stored' }, page: firstPage });
  return rows;
}

const keysOf = async ({ blobs }: World): Promise<string[]> => {
  const { objects } = await blobs.list(null, 10_000);
  return objects.map(({ key }) => key).sort();
};

/** What the records should say is in the store, when these media are all that is. */
function countOf(media: readonly Media[]): { objects: number; bytes: number; savedBytes: number } {
  const sum = (some: Iterable<Media>) => [...some].reduce((bytes, { size }) => bytes + (size ?? 0), 0);
  const objects = new Map(media.map((one) => [one.blob, one]));
  const bytes = sum(objects.values());
  return { objects: objects.size, bytes, savedBytes: sum(media) - bytes };
}

async function nothingReferredToIsGone(world: World, after: string): Promise<void> {
  const there = new Set(await keysOf(world));
  const lost = (await storedMedia(world)).filter(({ blob }) => blob === null || !there.has(blob));
  expect(lost, `lost by ${after}`).toEqual([]);
}

/** Ends all that is under way, and lets the time pass after which what is left over goes. */
async function finish(world: World): Promise<void> {
  for (let round = 0; round < 6; round++) {
    world.now += hour;
    while (world.captured.length > 0) await happenings.settleCapture(world, 0);
    while (world.removing.length > 0) await happenings.remove(world, 1);
    await happenings.capture(world, round);
    while (world.captured.length > 0) await happenings.settleCapture(world, 0);
    while ((await world.records.sweep({ now: world.now, limit: 100 })).changed > 0);
    if (round === 2) world.now += 2 * day;
    await happenings.searchOrphans(world);
    await happenings.claimRemoval(world, 2);
    await happenings.claimRemoval(world, 2);
  }
  for (let rounds = 0; rounds < 50; rounds++) {
    await happenings.claimRemoval(world, 2);
    if (world.removing.length === 0) return;
    while (world.removing.length > 0) await happenings.remove(world, 1);
  }
}

export function blobLifeClaims(name: string, open: Open): void {
  test(`${name}: whatever happens, no file is removed that a media refers to, and in the end no other is left`, async () => {
    const names = Object.keys(happenings) as Happening['what'][];
    // What makes files happens more often than what ends them, so that there is something to lose.
    const what = fc.constantFrom<Happening['what']>(...names, ...makers, ...makers, ...makers);
    const happening = fc.record({ what, which: fc.nat(23) });
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 20, maxLength: 80 }), async (story) => {
        const folder = await mkdtemp(join(tmpdir(), 'mediadock-blob-life-'));
        onTestFinished(() => rm(folder, { recursive: true, force: true }));
        const opened = await open();
        const blobs = await diskStore(folder);
        const world: World = {
          records: opened.records,
          reopen: () => opened.reopen(),
          blobs,
          homes: [],
          captured: [],
          removing: [],
          // The store dates its objects by the real clock: from tomorrow on every one of them looks old enough to be an orphan.
          now: Date.now() + 2 * day,
          searchOrphans: () => search(),
        };
        const search = orphanSearch({
          records: { doomOrphans: (request) => world.records.doomOrphans(request) },
          blobs,
          clock: { now: () => world.now },
          report: () => {},
        });
        // Media that lives two days, media that waits for its deliveries, and media that is kept.
        for (const more of [{ mediaRetentionSeconds: 2 * 86_400 }, { mediaRetentionSeconds: 86_400 }, {}]) {
          const at = await home(world.records, more);
          await at.endpoint();
          world.homes.push(at);
        }
        for (const { what, which } of story) {
          await happenings[what](world, which);
          await nothingReferredToIsGone(world, what);
        }
        await finish(world);
        await nothingReferredToIsGone(world, 'the end');
        const referredTo = new Set((await storedMedia(world)).map(({ blob }) => blob));
        expect((await keysOf(world)).filter((key) => !referredTo.has(key))).toEqual([]);
        expect(await world.records.storage()).toEqual(countOf(await storedMedia(world)));
      }),
      { numRuns: Number(process.env['BLOB_LIFE_RUNS'] ?? 12) },
    );
  }, 120_000);
}
