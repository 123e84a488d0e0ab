// What is in the store: listed object by object, counted, and what becomes of media whose object is lost.

import { expect, test } from 'vitest';
import type { KeptBlob, Records, StoredFile } from '../../../src/core/records.ts';
import {
  capturesAt,
  claim,
  claiming,
  day,
  deliveriesAt,
  eventsOf,
  everything,
  file,
  firstPage,
  type Home,
  home,
  type Open,
  second,
  settle,
  settleDelivery,
  start,
  upload,
} from './rig.ts';

/** Receives a message with one media and stores it. */
async function stored(records: Records, at: Home, some: Partial<StoredFile> = {}, deadline = start + 7 * day) {
  const message = await at.receive({ media: [claim({ deadline, fileName: 'a.jpg' })] });
  const [job] = await capturesAt(records, start);
  if (job === undefined) throw new Error('nothing to capture');
  await settle(records, job, start, { to: 'stored', file: file(at.app, some) });
  const media = await records.mediaForLink({ id: message.media[0]?.id ?? '' });
  if (media?.blob === null || media?.blob === undefined) throw new Error('it was not stored');
  return { ...media, blob: media.blob };
}

const give = async (records: Records, at: Home, sha256: string, size = 3) => {
  const given = upload(at.app, { size, sha256, blob: `${at.app.id}/upload-${sha256}` });
  const request = { reach: at.reach, appId: at.app.id, now: start, upload: given };
  const made = await records.createUpload(request);
  if (made === undefined) throw new Error('nothing was made');
  return made.media;
};

export function storeCareClaims(name: string, open: Open): void {
  test(`${name}: objects are listed in order, each with the media that refer to it`, async () => {
    const { records } = await open();
    const at = await home(records);
    const first = await stored(records, at, { sha256: 'same', size: 3 });
    const sharing = [await stored(records, at, { sha256: 'same', size: 3 }), await give(records, at, 'same')];
    const alone = await give(records, at, 'alone');
    const gone = await stored(records, at);
    await records.deleteMedia({ reach: at.reach, id: gone.id, now: start });

    const seen: KeptBlob[] = [];
    for (let cursor: string | null = null; ; ) {
      const page: Awaited<ReturnType<Records['listBlobs']>> = await records.listBlobs({ page: { limit: 1, cursor } });
      seen.push(...page.rows);
      cursor = page.next;
      if (cursor === null) break;
    }
    const of = (media: { id: string; deadline: number }, fromCarrier: boolean) => {
      const { id, deadline } = media;
      return { id, appId: at.app.id, deadline, fromCarrier };
    };
    expect(seen).toEqual([
      {
        blob: first.blob,
        sha256: 'same',
        size: 3,
        media: [first, ...sharing].map((media) => of(media, media.channelId !== null)),
      },
      { blob: alone.blob, sha256: 'alone', size: 3, media: [of(alone, false)] },
    ]);
  });

  test(`${name}: the store is counted: objects, bytes, and what sharing saves`, async () => {
    const { records } = await open();
    const [at, other] = [await home(records), await home(records)];
    expect(await records.storage()).toEqual({ objects: 0, bytes: 0, savedBytes: 0 });
    const first = await stored(records, at, { sha256: 'same', size: 10 });
    await stored(records, at, { sha256: 'same', size: 10 });
    await stored(records, other, { sha256: 'same', size: 10 });
    await give(records, at, 'same', 10);
    expect(await records.storage()).toEqual({ objects: 2, bytes: 20, savedBytes: 20 });
    await records.sweep({ now: start, limit: 100 });
    expect(await records.storage()).toEqual({ objects: 2, bytes: 20, savedBytes: 20 });
    await records.deleteMedia({ reach: at.reach, id: first.id, now: start });
    expect(await records.storage()).toEqual({ objects: 2, bytes: 20, savedBytes: 10 });
    await records.deleteChannel({ reach: everything, id: other.channel.id, now: start });
    await records.sweep({ now: start, limit: 100 });
    expect(await records.storage()).toEqual({ objects: 1, bytes: 10, savedBytes: 10 });
    await records.sweep({ now: start + 91 * day, limit: 100 });
    expect(await records.storage()).toEqual({ objects: 0, bytes: 0, savedBytes: 0 });
  });

  test(`${name}: media whose object is lost is fetched again while its carrier has it, the rest is unavailable`, async () => {
    const { records } = await open();
    const at = await home(records);
    const fetched = await stored(records, at, { sha256: 'same' });
    const late = await stored(records, at, { sha256: 'same' }, start + day);
    const given = await give(records, at, 'same');
    const events = await eventsOf(records, at.reach);
    const now = start + 2 * day;

    const media = await records.loseBlob({ blob: fetched.blob, reason: 'lost_in_store', now });
    expect(media).toMatchObject([
      { id: fetched.id, state: 'pending', reason: null, stateAt: now, blob: null, sha256: null, storedAt: null },
      { id: late.id, state: 'unavailable', reason: 'lost_in_store', stateAt: now, blob: null },
      { id: given.id, state: 'unavailable', reason: 'lost_in_store', stateAt: now, blob: null },
    ]);
    expect(media).toHaveLength(3);
    expect(media[0]).toMatchObject({ fileName: 'a.jpg', deadline: fetched.deadline });
    expect(await records.media({ reach: at.reach, id: fetched.id })).toEqual(media[0]);
    const news = (await eventsOf(records, at.reach)).slice(events.length);
    expect(news).toEqual(['media.unavailable', 'media.unavailable']);
    expect(await records.storage()).toEqual({ objects: 0, bytes: 0, savedBytes: 0 });
    expect((await records.listBlobs({ page: firstPage })).rows).toEqual([]);
    const { jobs } = await records.claimRemovals(claiming(now));
    expect(jobs.map(({ blob }) => blob)).toEqual([fetched.blob]);

    const [job] = await capturesAt(records, now);
    expect(job).toMatchObject({ failures: 0, media: { id: fetched.id } });
    if (job === undefined) throw new Error('it is not fetched again');
    const again = file(at.app, { sha256: 'same' });
    expect(await settle(records, job, now + second, { to: 'stored', file: again })).toEqual({
      outcome: 'done',
      drop: null,
    });
    expect(await records.mediaForLink({ id: fetched.id })).toMatchObject({ state: 'stored', blob: again.blob });
    expect((await eventsOf(records, at.reach)).at(-1)).toBe('media.stored');
  });

  test(`${name}: an endpoint hears that a file was lost`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    const late = await stored(records, at, {}, start);
    for (const job of await deliveriesAt(records, start))
      await settleDelivery(records, job, start, { to: 'delivered' });
    await records.loseBlob({ blob: late.blob, reason: 'lost_in_store', now: start + second });
    expect(await deliveriesAt(records, start + second)).toMatchObject([
      { event: { type: 'media.unavailable', media: { id: late.id, reason: 'lost_in_store' } } },
    ]);
  });

  test(`${name}: media of a destroyed channel is not fetched again`, async () => {
    const { records } = await open();
    const at = await home(records);
    const { blob } = await stored(records, at);
    await records.deleteChannel({ reach: everything, id: at.channel.id, now: start });
    await records.loseBlob({ blob, reason: 'lost_in_store', now: start });
    expect((await records.backlog({ now: start })).captures).toMatchObject({ ready: 0, waiting: 0 });
  });

  test(`${name}: an object that nobody knows, or that is doomed already, is lost without consequence`, async () => {
    const { records } = await open();
    const at = await home(records);
    const { blob, id } = await stored(records, at);
    const lose = (object: string) => records.loseBlob({ blob: object, reason: 'lost_in_store', now: start });
    expect(await lose(`${at.app.id}/none`)).toEqual([]);
    await records.deleteMedia({ reach: at.reach, id, now: start });
    expect(await lose(blob)).toEqual([]);
    const { jobs } = await records.claimRemovals(claiming(start));
    expect(jobs.map((job) => job.blob)).toEqual([blob]);
  });
}
