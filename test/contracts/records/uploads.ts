// Files that applications give: media without a message.

import { expect, test } from 'vitest';
import type { App, Reach } from '../../../src/core/model.ts';
import type { NewUpload, Records } from '../../../src/core/records.ts';
import {
  capturesAt,
  claiming,
  day,
  eventsOf,
  everything,
  file,
  firstPage,
  home,
  newApp,
  type Open,
  second,
  settle,
  start,
  sweepAll,
  upload,
} from './rig.ts';

const give = async (records: Records, app: App, some: Partial<NewUpload> = {}, now = start) => {
  const made = await records.createUpload({ reach: everything, appId: app.id, now, upload: upload(app, some) });
  if (made === undefined) throw new Error('nothing was made');
  return made;
};

const removals = async (records: Records, now: number) =>
  (await records.claimRemovals(claiming(now))).jobs.map((job) => job.blob);

export function uploadClaims(name: string, open: Open): void {
  test(`${name}: an upload is media that is stored at once, without a message and without an event`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    const given = upload(at.app);
    const made = await records.createUpload({ reach: at.reach, appId: at.app.id, now: start, upload: given });
    expect(made).toMatchObject({
      drop: null,
      media: {
        appId: at.app.id,
        channelId: null,
        messageId: null,
        kind: 'document',
        state: 'stored',
        fileName: given.fileName,
        type: 'application/pdf',
        size: 7,
        sha256: given.sha256,
        blob: given.blob,
        receivedAt: start,
        storedAt: start,
        expiresAt: start + 90 * day,
        heldUntil: null,
      },
    });
    const id = made?.media.id ?? '';
    expect(await records.media({ reach: at.reach, id })).toEqual(made?.media);
    expect(await records.mediaForLink({ id })).toEqual(made?.media);
    expect((await records.listMedia({ reach: at.reach, filter: {}, page: firstPage })).rows).toEqual([made?.media]);
    expect(await eventsOf(records, at.reach)).toEqual([]);
    expect(await capturesAt(records, start)).toEqual([]);
    expect(await records.retryMedia({ reach: at.reach, id, now: start })).toMatchObject({ changed: false });
    expect(await records.doomOrphans({ objects: [given.blob], now: start })).toEqual({ doomed: 0, ownerless: [] });
  });

  test(`${name}: an upload for an app out of reach, or deleted, is not made`, async () => {
    const { records } = await open();
    const [at, other] = [await home(records), await newApp(records)];
    const make = (reach: Reach, appId: string) =>
      records.createUpload({ reach, appId, now: start, upload: upload(at.app) });
    expect(await make({ kind: 'app', appId: other.id }, at.app.id)).toBeUndefined();
    expect(await make(everything, 'app_none')).toBeUndefined();
    await records.deleteApp({ reach: everything, id: at.app.id, now: start });
    expect(await make(everything, at.app.id)).toBeUndefined();
    expect((await records.listMedia({ reach: everything, filter: {}, page: firstPage })).rows).toEqual([]);
  });

  test(`${name}: bytes that an app has already are kept once, whether a capture or an upload brought them`, async () => {
    const { records } = await open();
    const [at, other] = [await home(records), await newApp(records)];
    await at.receive();
    const [job] = await capturesAt(records, start);
    if (job === undefined) throw new Error('nothing to capture');
    const captured = file(at.app, { sha256: 'same', size: 7 });
    await settle(records, job, start, { to: 'stored', file: captured });
    const mine = await give(records, at.app, { sha256: 'same', blob: `${at.app.id}/second` });
    expect(mine).toMatchObject({ drop: `${at.app.id}/second`, media: { blob: captured.blob } });
    const theirs = await give(records, other, { sha256: 'same', blob: `${other.id}/third` });
    expect(theirs).toMatchObject({ drop: null, media: { blob: `${other.id}/third` } });
    expect(await records.storage()).toEqual({ objects: 2, bytes: 14, savedBytes: 7 });
  });

  test(`${name}: the same bytes given many times at once are kept once`, async () => {
    const { records } = await open();
    const app = await newApp(records);
    const made = await Promise.all(Array.from({ length: 20 }, () => give(records, app, { sha256: 'same' })));
    const kept = new Set(made.map(({ media }) => media.blob));
    expect(kept.size).toBe(1);
    expect(made.filter(({ drop }) => drop === null)).toHaveLength(1);
    expect(await records.storage()).toEqual({ objects: 1, bytes: 7, savedBytes: 19 * 7 });
  });

  test(`${name}: an upload expires by its app's retention, and its tombstone goes with those of messages`, async () => {
    const { records } = await open();
    const app = await newApp(records, { mediaRetentionSeconds: 60 });
    const { media } = await give(records, app);
    await sweepAll(records, start + 60 * second - 1);
    expect((await records.mediaForLink({ id: media.id }))?.state).toBe('stored');
    await sweepAll(records, start + 60 * second);
    expect(await records.mediaForLink({ id: media.id })).toMatchObject({ state: 'expired', blob: null });
    expect(await removals(records, start + day)).toEqual([media.blob]);
    await sweepAll(records, start + 400 * day);
    expect((await records.mediaForLink({ id: media.id }))?.state).toBe('expired');
    await sweepAll(records, start + 400 * day + 1);
    expect(await records.mediaForLink({ id: media.id })).toBeUndefined();
  });

  test(`${name}: an upload of an app without retention outlives the time of tombstones`, async () => {
    const { records } = await open();
    const { media } = await give(records, await newApp(records, { dialect: 'endless' }));
    await sweepAll(records, start + 500 * day);
    expect((await records.mediaForLink({ id: media.id }))?.state).toBe('stored');
  });

  test(`${name}: an upload that its owner keeps is ended by no retention and stands in no plan, until it is deleted`, async () => {
    const { records } = await open();
    const app = await newApp(records, { mediaRetentionSeconds: 60 });
    const [kept, passing] = [await give(records, app, { keep: true }), await give(records, app)];
    expect(kept.media).toMatchObject({ expiresAt: null, heldUntil: null });
    const plan = await records.listExpiring({ reach: everything, until: start + 500 * day, page: firstPage });
    expect(plan.rows.map(({ media }) => media.id)).toEqual([passing.media.id]);
    await sweepAll(records, start + 500 * day);
    expect((await records.mediaForLink({ id: kept.media.id }))?.state).toBe('stored');
    await records.deleteMedia({ reach: everything, id: kept.media.id, now: start + 500 * day });
    expect(await removals(records, start + 500 * day)).toContain(kept.media.blob);
    await sweepAll(records, start + 500 * day);
    expect(await records.mediaForLink({ id: kept.media.id })).toBeUndefined();
  });

  test(`${name}: an upload is deleted, and goes with its app, like any other media`, async () => {
    const { records } = await open();
    const app = await newApp(records);
    const [first, second] = [await give(records, app), await give(records, app)];
    const { id } = first.media;
    expect(await records.deleteMedia({ reach: everything, id, now: start })).toMatchObject({
      changed: true,
      row: { state: 'deleted', fileName: null, blob: null },
    });
    expect(await removals(records, start)).toEqual([first.media.blob]);
    await records.deleteApp({ reach: everything, id: app.id, now: start });
    await sweepAll(records, start);
    expect(await removals(records, start)).toEqual([second.media.blob]);
    expect(await records.storage()).toEqual({ objects: 0, bytes: 0, savedBytes: 0 });
  });
}
