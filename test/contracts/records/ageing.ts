// Retention, erasure and forgetting, with the time moved by hand.

import { expect, test } from 'vitest';
import type { App } from '../../../src/core/model.ts';
import type { Records, RecordsSettings } from '../../../src/core/records.ts';
import {
  capturesAt,
  claiming,
  day,
  deliveriesAt,
  eventsOf,
  everything,
  file,
  firstPage,
  type Home,
  home,
  minute,
  type Open,
  second,
  settings,
  settle,
  settleDelivery,
  start,
  sweepAll,
} from './rig.ts';

const storedMedia = async (records: Records, at: Home, sha256?: string): Promise<string> => {
  const row = await at.receive();
  const jobs = await capturesAt(records, start);
  for (const job of jobs)
    await settle(records, job, start, { to: 'stored', file: file(at.app, sha256 === undefined ? {} : { sha256 }) });
  return row.media[0]?.id ?? '';
};

const stateOf = async (records: Records, id: string) => (await records.media({ reach: everything, id }))?.state;
const removals = async (records: Records, now: number) =>
  (await records.claimRemovals(claiming(now))).jobs.map((job) => job.blob);

export function ageingClaims(name: string, open: Open): void {
  test.each<[string, Partial<App>, number | null, number | null]>([
    ['the app', { mediaRetentionSeconds: 3600 }, 5, 3_600_000],
    ['its organization', {}, 5, 5 * day],
    ['its dialect', {}, null, 90 * day],
    ['the instance, where the dialect says nothing', { dialect: 'held' }, null, 60 * day],
    ['nothing: it is kept for ever', { dialect: 'endless' }, null, null],
  ])(`${name}: how long media is kept is said by %s`, async (_who, app, mediaRetentionDays, kept) => {
    const { records } = await open();
    const organization = await records.createOrganization({ now: start, name: 'Org', mediaRetentionDays });
    const at = await home(records, { organizationId: organization.id, ...app });
    const id = await storedMedia(records, at);
    const { blob, expiresAt } = (await records.mediaForLink({ id })) ?? {};
    expect(expiresAt).toBe(kept === null ? null : start + kept);
    await sweepAll(records, start + (kept ?? 399 * day) - 1);
    expect(await stateOf(records, id)).toBe('stored');
    if (kept === null) return;
    await sweepAll(records, start + kept);
    expect(await records.mediaForLink({ id })).toMatchObject({ state: 'expired', stateAt: start + kept, blob: null });
    expect(await removals(records, start + kept)).toEqual([blob]);
    expect((await eventsOf(records, at.reach)).at(-1)).toBe('media.expired');
  });

  test(`${name}: an open delivery keeps media a week longer, except where the dialect is strict`, async () => {
    const { records } = await open();
    const [lenient, strict] = [
      await home(records, { mediaRetentionSeconds: 172_800 }),
      await home(records, { dialect: 'strict' }),
    ];
    const ids: string[] = [];
    for (const at of [lenient, strict]) {
      await at.endpoint('terse');
      ids.push(await storedMedia(records, at));
    }
    const states = async () => [await stateOf(records, ids[0] ?? ''), await stateOf(records, ids[1] ?? '')];
    await sweepAll(records, start + 2 * day);
    expect(await states()).toEqual(['stored', 'expired']);
    await sweepAll(records, start + 9 * day - 1);
    expect(await states()).toEqual(['stored', 'expired']);
    await sweepAll(records, start + 9 * day);
    expect(await states()).toEqual(['expired', 'expired']);
  });

  test(`${name}: media is not prolonged once its deliveries are done`, async () => {
    const { records } = await open();
    const at = await home(records, { mediaRetentionSeconds: 3600 });
    await at.endpoint('terse');
    const id = await storedMedia(records, at);
    for (const job of await deliveriesAt(records, start))
      await settleDelivery(records, job, start, { to: 'delivered' });
    await sweepAll(records, start + 60 * minute);
    expect(await stateOf(records, id)).toBe('expired');
  });

  test(`${name}: a delivery that waits holds the media for readers too, and one that came late for an hour more`, async () => {
    const { records } = await open();
    const at = await home(records, { mediaRetentionSeconds: 3600 });
    await at.endpoint('terse');
    const id = await storedMedia(records, at);
    const heldUntil = async () => (await records.mediaForLink({ id }))?.heldUntil;
    const end = start + 60 * minute;
    expect(await heldUntil()).toBe(end + 7 * day);
    const late = end + day;
    for (const job of await deliveriesAt(records, late)) await settleDelivery(records, job, late, { to: 'delivered' });
    expect(await heldUntil()).toBe(late + 60 * minute);
    await sweepAll(records, late + 60 * minute - 1);
    expect(await stateOf(records, id)).toBe('stored');
    await sweepAll(records, late + 60 * minute);
    expect(await stateOf(records, id)).toBe('expired');
  });

  test(`${name}: pending media does not expire, unavailable media does`, async () => {
    const { records } = await open();
    const at = await home(records, { mediaRetentionSeconds: 3600 });
    const unavailable = await at.receive();
    const [job] = await capturesAt(records, start);
    if (job === undefined) throw new Error('no job');
    await settle(records, job, start, { to: 'unavailable', reason: 'gone' });
    const pending = await at.receive();
    await sweepAll(records, start + day);
    expect(await stateOf(records, unavailable.media[0]?.id ?? '')).toBe('expired');
    expect(await stateOf(records, pending.media[0]?.id ?? '')).toBe('pending');
  });

  test(`${name}: bytes that two media share go with the second`, async () => {
    const { records } = await open();
    const at = await home(records, { mediaRetentionSeconds: 86_400 });
    const first = await storedMedia(records, at, 'same');
    await records.deleteMedia({ reach: at.reach, id: first, now: start });
    const kept = [await storedMedia(records, at, 'same'), await storedMedia(records, at, 'same')];
    const [doomed] = await removals(records, start);
    const blob = (await records.mediaForLink({ id: kept[0] ?? '' }))?.blob;
    expect(doomed).not.toBe(blob);
    await records.deleteMedia({ reach: at.reach, id: kept[0] ?? '', now: start });
    expect(await removals(records, start + second)).toEqual([]);
    await sweepAll(records, start + day);
    expect(await removals(records, start + day)).toContain(blob);
  });

  test(`${name}: a destroyed channel's media is gone for readers at once, and its rows and bytes follow without an event`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('held');
    const id = await storedMedia(records, at);
    const pending = await at.receive();
    const blob = (await records.mediaForLink({ id }))?.blob;
    await records.deleteChannel({ reach: at.reach, id: at.channel.id, now: start + second });
    expect(await records.mediaForLink({ id })).toMatchObject({
      state: 'deleted',
      blob: null,
      fileName: null,
      stateAt: start + second,
    });
    expect((await records.listMedia({ reach: at.reach, filter: {}, page: firstPage })).rows).toEqual([]);
    const gone = await records.listMedia({ reach: at.reach, filter: { state: 'deleted' }, page: firstPage });
    expect(gone.rows.map((row) => row.id)).toEqual([pending.media[0]?.id, id]);
    const events = await eventsOf(records, at.reach);
    await sweepAll(records, start + minute);
    expect(await removals(records, start + minute)).toEqual([blob]);
    expect(await eventsOf(records, at.reach)).toEqual(events);
    expect((await records.backlog({ now: start })).captures).toMatchObject({ ready: 0, waiting: 0, running: 0 });
    const { rows } = await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage });
    expect(new Set(rows.map((row) => row.state))).toEqual(new Set(['dead']));
  });

  test(`${name}: a deleted app's bytes follow it`, async () => {
    const { records } = await open();
    const [at, other] = [await home(records), await home(records)];
    const id = await storedMedia(records, at);
    const kept = await storedMedia(records, other);
    const blob = (await records.mediaForLink({ id }))?.blob;
    await records.deleteApp({ reach: everything, id: at.app.id, now: start });
    expect(await records.mediaForLink({ id })).toBeUndefined();
    await sweepAll(records, start + minute);
    expect(await removals(records, start + minute)).toEqual([blob]);
    expect(await stateOf(records, kept)).toBe('stored');
  });

  test(`${name}: the journal goes by age, and later where something in it is open`, async () => {
    const { records } = await open();
    const at = await home(records);
    await records.accept([at.unit([at.message()]), at.unit([], { unparsed: ['x'] })]);
    const left = async () => (await records.listJournal({ page: firstPage })).rows.map((row) => row.unparsed);
    await sweepAll(records, start + 7 * day);
    expect(await left()).toEqual([1, 0]);
    await sweepAll(records, start + 7 * day + 1);
    expect(await left()).toEqual([1]);
    await sweepAll(records, start + 30 * day + 1);
    expect(await left()).toEqual([]);
  });

  test(`${name}: events go with their deliveries and attempts, except while one is open`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    for (let n = 0; n < 6; n++) await at.receive({ media: [] });
    const jobs = await deliveriesAt(records, start);
    for (const job of jobs.slice(2)) await settleDelivery(records, job, start, { to: 'delivered' });
    await records.release({ leases: jobs.slice(0, 2), now: start });
    const done = jobs[5]?.delivery.id ?? '';
    await sweepAll(records, start + 30 * day);
    expect(await eventsOf(records, at.reach)).toHaveLength(6);
    // Two at a time: what must stay does not stand in the way of what may go.
    for (let n = 0; n < 6; n++) await records.sweep({ now: start + 31 * day, limit: 2 });
    expect(await eventsOf(records, at.reach)).toHaveLength(2);
    expect(await records.listAttempts({ reach: at.reach, deliveryId: done })).toBeUndefined();
    const again = await deliveriesAt(records, start + 31 * day);
    expect(again.map((job) => job.delivery.id).sort()).toEqual(
      jobs
        .slice(0, 2)
        .map((job) => job.delivery.id)
        .sort(),
    );
    for (const job of again) await settleDelivery(records, job, start + 31 * day, { to: 'delivered' });
    for (let n = 0; n < 4; n++) await records.sweep({ now: start + 31 * day, limit: 2 });
    expect(await eventsOf(records, at.reach)).toEqual([]);
  });

  test(`${name}: a cursor stands when everything before it is forgotten`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    const { next } = await records.listEvents({ reach: at.reach, page: firstPage });
    await sweepAll(records, start + 31 * day);
    await at.receive({}, start + 31 * day);
    const { rows } = await records.listEvents({ reach: at.reach, page: { limit: 10, cursor: next } });
    expect(rows.map((event) => event.type)).toEqual(['message.received']);
  });

  test(`${name}: messages go with their tombstones, but never while their media is kept`, async () => {
    const { records } = await open();
    const [short, endless] = [await home(records), await home(records, { dialect: 'endless' })];
    const gone = await storedMedia(records, short);
    const kept = await storedMedia(records, endless);
    await sweepAll(records, start + 400 * day);
    expect(await stateOf(records, gone)).toBe('expired');
    await sweepAll(records, start + 400 * day + 1);
    expect(await stateOf(records, gone)).toBeUndefined();
    expect(await stateOf(records, kept)).toBe('stored');
    expect((await records.listMessages({ reach: everything, filter: {}, page: firstPage })).rows).toHaveLength(1);
  });

  test(`${name}: a sweep changes no more rows than it may`, async () => {
    const { records } = await open();
    const at = await home(records, { mediaRetentionSeconds: 60 });
    for (let n = 0; n < 7; n++) await storedMedia(records, at);
    const changed = [];
    for (let n = 0; n < 4; n++) changed.push((await records.sweep({ now: start + minute, limit: 3 })).changed);
    expect(changed).toEqual([3, 3, 1, 0]);
  });

  test(`${name}: retention follows the settings in force, not those of the day of receipt`, async () => {
    const { records, reopen } = await open();
    const at = await home(records);
    const id = await storedMedia(records, at);
    const shorter: RecordsSettings = { ...settings, dialectRetention: {}, instanceRetentionSeconds: 60 };
    const again = await reopen(shorter);
    expect((await again.mediaForLink({ id }))?.expiresAt).toBe(start + minute);
    await sweepAll(again, start + minute);
    expect(await stateOf(again, id)).toBe('expired');
  });
}
