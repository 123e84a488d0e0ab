// What settling a capture does to the media, to its channel and to blobs.

import { expect, test } from 'vitest';
import type { CaptureJob, ChannelMove, Records } from '../../../src/core/records.ts';
import {
  capturesAt,
  claiming,
  deliveriesAt,
  eventsOf,
  everything,
  file,
  type Home,
  home,
  minute,
  type Open,
  retryAt,
  second,
  settle,
  start,
} from './rig.ts';

const nextCapture = async (records: Records, now: number): Promise<CaptureJob> => {
  const [job] = await capturesAt(records, now);
  if (job === undefined) throw new Error('no capture is due');
  return job;
};

/** A message whose media is stored with these bytes. */
const stored = async (records: Records, at: Home, some: { sha256?: string; size?: number } = {}) => {
  const row = await at.receive();
  const given = file(at.app, some);
  const { drop } = await settle(records, await nextCapture(records, start), start, { to: 'stored', file: given });
  return { id: row.media[0]?.id ?? '', file: given, drop };
};

const paused: ChannelMove = { to: 'paused', reason: 'carrier_190', probeAt: start + 15 * minute };
const pause = async (records: Records): Promise<void> => {
  await settle(records, await nextCapture(records, start), start, retryAt(start, { counts: false }), paused);
};

export function captureClaims(name: string, open: Open): void {
  test(`${name}: a stored media tells all that is known of its file`, async () => {
    const { records } = await open();
    const at = await home(records);
    const row = await at.receive();
    const given = file(at.app, {
      fileName: 'learnt.jpg',
      servedType: 'image/png',
      sniffedType: null,
      integrity: 'mismatch',
    });
    await settle(records, await nextCapture(records, start), start + second, { to: 'stored', file: given });
    const media = await records.media({ reach: at.reach, id: row.media[0]?.id ?? '' });
    expect(media).toMatchObject({
      ...given,
      state: 'stored',
      stateAt: start + second,
      storedAt: start + second,
      reason: null,
    });
    expect((await records.mediaForLink({ id: media?.id ?? '' }))?.blob).toBe(given.blob);
  });

  test(`${name}: an unavailable media says why, and may be tried again`, async () => {
    const { records } = await open();
    const at = await home(records);
    const row = await at.receive();
    const id = row.media[0]?.id ?? '';
    expect(await records.retryMedia({ reach: at.reach, id, now: start })).toMatchObject({ changed: false });
    await settle(records, await nextCapture(records, start), start, { to: 'unavailable', reason: 'too_large\u0000' });
    expect(await records.media({ reach: at.reach, id })).toMatchObject({
      state: 'unavailable',
      reason: 'too_large\u0000',
    });
    const again = await records.retryMedia({ reach: at.reach, id, now: start + second });
    expect(again).toMatchObject({ changed: true, row: { state: 'pending', reason: null, stateAt: start + second } });
    expect(await capturesAt(records, start + second)).toMatchObject([{ media: { id }, failures: 0 }]);
    expect(await records.retryMedia({ reach: at.reach, id: 'med_none', now: start })).toBeUndefined();
  });

  test(`${name}: a media deleted while it was fetched is unwanted, and its object dropped`, async () => {
    const { records } = await open();
    const [deleted, destroyed, erased] = [await home(records), await home(records), await home(records)];
    const row = await deleted.receive();
    await destroyed.receive();
    await erased.receive();
    const jobs = await capturesAt(records, start);
    expect(jobs).toHaveLength(3);
    await records.deleteMedia({ reach: everything, id: row.media[0]?.id ?? '', now: start });
    await records.deleteChannel({ reach: everything, id: destroyed.channel.id, now: start });
    await records.deleteApp({ reach: everything, id: erased.app.id, now: start });
    for (const job of jobs) {
      const given = file(deleted.app);
      const settled = await settle(records, job, start, { to: 'stored', file: given });
      expect(settled.drop).toBe(given.blob);
      expect(settled.outcome).not.toBe('done');
    }
    expect(await eventsOf(records, deleted.reach)).toEqual(['message.received', 'media.deleted']);
  });

  test(`${name}: a destroyed channel has no captures to claim`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    await records.deleteChannel({ reach: everything, id: at.channel.id, now: start });
    expect(await capturesAt(records, start)).toEqual([]);
  });

  test(`${name}: the same bytes in one app are one object, in two apps two`, async () => {
    const { records } = await open();
    const [at, other] = [await home(records), await home(records)];
    const first = await stored(records, at, { sha256: 'same', size: 9 });
    const second = await stored(records, at, { sha256: 'same', size: 9 });
    const foreign = await stored(records, other, { sha256: 'same', size: 9 });
    expect([first.drop, second.drop, foreign.drop]).toEqual([null, second.file.blob, null]);
    expect((await records.media({ reach: at.reach, id: second.id }))?.blob).toBe(first.file.blob);
    expect((await records.media({ reach: other.reach, id: foreign.id }))?.blob).toBe(foreign.file.blob);
  });

  test(`${name}: an object is removed when its last media goes, and is never referred to again`, async () => {
    const { records } = await open();
    const at = await home(records);
    const first = await stored(records, at, { sha256: 'same', size: 9 });
    const second = await stored(records, at, { sha256: 'same', size: 9 });
    await records.deleteMedia({ reach: at.reach, id: first.id, now: start });
    expect((await records.claimRemovals(claiming(start))).jobs).toEqual([]);
    await records.deleteMedia({ reach: at.reach, id: second.id, now: start });
    const { jobs } = await records.claimRemovals(claiming(start));
    expect(jobs).toMatchObject([{ blob: first.file.blob, attempt: 1, failures: 0 }]);

    const third = await stored(records, at, { sha256: 'same', size: 9 });
    expect(third.drop).toBeNull();
    expect((await records.media({ reach: at.reach, id: third.id }))?.blob).toBe(third.file.blob);
  });

  test(`${name}: a removal is repeated until it succeeds, then forgotten`, async () => {
    const { records } = await open();
    const at = await home(records);
    const { id } = await stored(records, at);
    await records.deleteMedia({ reach: at.reach, id, now: start });
    const [first] = (await records.claimRemovals(claiming(start))).jobs;
    if (first === undefined) throw new Error('no removal is due');
    const retry = { to: 'retry', at: start + minute, reason: 'io' } as const;
    expect(await records.settleRemovals([{ ...first, at: start, result: retry }])).toEqual([{ outcome: 'done' }]);
    expect((await records.claimRemovals(claiming(start))).jobs).toEqual([]);
    const [second] = (await records.claimRemovals(claiming(start + minute))).jobs;
    expect(second).toMatchObject({ failures: 1, attempt: 2 });
    if (second === undefined) throw new Error('no removal is due');
    expect(await records.settleRemovals([{ ...first, at: start, result: { to: 'removed' } }])).toEqual([
      { outcome: 'stale' },
    ]);
    expect(await records.settleRemovals([{ ...second, at: start, result: { to: 'removed' } }])).toEqual([
      { outcome: 'done' },
    ]);
    expect(await records.claimRemovals(claiming(start + minute))).toEqual({ jobs: [], left: false, nextDue: null });
  });

  test(`${name}: a paused channel is left alone until its probe, which is one job`, async () => {
    const { records } = await open();
    const at = await home(records);
    for (let n = 0; n < 3; n++) await at.receive();
    const [first, ...others] = await capturesAt(records, start);
    if (first === undefined) throw new Error('three jobs were due');
    await settle(records, first, start, retryAt(start, { counts: false }), paused);
    await records.release({ leases: others, now: start });
    expect(await records.channel({ reach: at.reach, id: at.channel.id })).toMatchObject({
      state: 'paused',
      reason: 'carrier_190',
    });
    const left = await records.claimCaptures(claiming(start + minute));
    expect(left).toEqual({ jobs: [], left: true, nextDue: start + 15 * minute });
    expect(await capturesAt(records, start + 15 * minute)).toHaveLength(1);
    expect(await capturesAt(records, start + 16 * minute)).toEqual([]);
    expect(await capturesAt(records, start + 30 * minute)).toHaveLength(1);
  });

  test(`${name}: a probe that finds every place taken is not called due again and again`, async () => {
    const { records } = await open();
    const at = await home(records);
    for (let n = 0; n < 9; n++) await at.receive();
    const running = await capturesAt(records, start);
    const [first] = running;
    if (first === undefined) throw new Error('eight jobs were due');
    await records.renew({ leases: running, until: start + 60 * minute });
    await settle(records, first, start, retryAt(start + 50 * minute, { counts: false }), paused);
    const claimed = await records.claimCaptures(claiming(start + 15 * minute, { perLane: 7, perFailingLane: 7 }));
    expect(claimed).toEqual({ jobs: [], left: true, nextDue: start + 50 * minute });
  });

  test(`${name}: a probe that stands back is made by the next claim`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    const [first] = await capturesAt(records, start);
    if (first === undefined) throw new Error('one job was due');
    await settle(records, first, start, retryAt(start, { counts: false }), paused);
    const due = start + 15 * minute;
    const yielding = { lanes: [first.lane], places: 0 };
    expect((await records.claimCaptures(claiming(due, { yielding }))).jobs).toEqual([]);
    expect(await capturesAt(records, due)).toHaveLength(1);
  });

  test(`${name}: a probe that succeeds resumes the channel, and all its jobs`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt', ['channel.paused', 'channel.resumed']);
    await at.receive();
    await at.receive();
    const jobs = await capturesAt(records, start);
    for (const job of jobs) await settle(records, job, start, retryAt(start, { counts: false }), paused);
    const probe = await nextCapture(records, start + 15 * minute);
    await settle(records, probe, start + 15 * minute, { to: 'stored', file: file(at.app) });
    expect(await records.channel({ reach: at.reach, id: at.channel.id })).toMatchObject({
      state: 'active',
      reason: null,
    });
    expect(await capturesAt(records, start + 15 * minute)).toHaveLength(1);
    const told = await deliveriesAt(records, start + 15 * minute);
    expect(told.map(({ event }) => [event.type, event.channel?.id])).toEqual([
      ['channel.paused', at.channel.id],
      ['channel.resumed', at.channel.id],
    ]);
  });

  test(`${name}: a probe that fails for the media's own reasons is repeated at that media's time`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    await pause(records);
    const probe = await nextCapture(records, start + 15 * minute);
    await settle(records, probe, start + 15 * minute, retryAt(start + 17 * minute));
    expect(await records.channel({ reach: at.reach, id: at.channel.id })).toMatchObject({ state: 'paused' });
    expect(await capturesAt(records, start + 17 * minute)).toHaveLength(1);
  });

  test(`${name}: a probe that the account refuses again waits for the next, without another event`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    await pause(records);
    const probe = await nextCapture(records, start + 15 * minute);
    const again = { ...paused, reason: 'carrier_10', probeAt: start + 40 * minute };
    await settle(records, probe, start + 15 * minute, retryAt(start + 15 * minute, { counts: false }), again);
    expect(await records.channel({ reach: at.reach, id: at.channel.id })).toMatchObject({
      reason: 'carrier_10',
      stateAt: start,
    });
    expect(await capturesAt(records, start + 39 * minute)).toEqual([]);
    expect(await capturesAt(records, start + 40 * minute)).toHaveLength(1);
    expect(await eventsOf(records, at.reach)).toEqual(['message.received', 'channel.paused']);
  });

  test(`${name}: new secrets make a paused channel probe at once`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    await pause(records);
    const named = { reach: at.reach, id: at.channel.id, now: start + minute };
    await records.updateChannel({ ...named, set: { display: 'no secret' } });
    expect(await capturesAt(records, start + minute)).toEqual([]);
    await records.updateChannel({ ...named, set: { sealed: Uint8Array.of(7) } });
    expect(await capturesAt(records, start + minute)).toMatchObject([
      { channel: { sealed: Uint8Array.of(7), display: 'no secret' } },
    ]);
  });

  test(`${name}: new secrets of a connection make its paused channels probe at once`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    await pause(records);
    const { id } = at.connection;
    await records.updateConnection({ id, set: { name: 'no secret' } });
    expect(await capturesAt(records, start + minute)).toEqual([]);
    await records.updateConnection({ id, set: { sealed: Uint8Array.of(8) } });
    expect(await capturesAt(records, start + minute)).toMatchObject([{ connection: { sealed: Uint8Array.of(8) } }]);
  });

  test(`${name}: a refusal of the former secrets that comes late leaves the probe due that the new ones asked for`, async () => {
    const { records } = await open();
    const at = await home(records);
    for (let messages = 0; messages < 2; messages++) await at.receive();
    const [early, late] = await capturesAt(records, start);
    if (early === undefined || late === undefined) throw new Error('two captures are due');
    const refused = (job: CaptureJob, now: number) =>
      settle(records, job, now, retryAt(now, { counts: false }), paused);
    await refused(early, start);
    const secrets = { reach: at.reach, id: at.channel.id, now: start + second, set: { sealed: Uint8Array.of(7) } };
    await records.updateChannel(secrets);
    await refused(late, start + second);
    expect(await capturesAt(records, start + second)).toHaveLength(1);
  });

  test(`${name}: new secrets make every capture due that waits for another try`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    await settle(records, await nextCapture(records, start), start, retryAt(start + 60 * minute));
    const secrets = { reach: at.reach, id: at.channel.id, now: start + minute, set: { sealed: Uint8Array.of(7) } };
    expect(await capturesAt(records, start + minute)).toEqual([]);
    await records.updateChannel(secrets);
    expect(await capturesAt(records, start + minute)).toMatchObject([{ failures: 1 }]);
  });

  test(`${name}: after a probe that fails for the media's own reasons another media is asked at once`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    await pause(records);
    await at.receive();
    const probe = await nextCapture(records, start + 15 * minute);
    await settle(records, probe, start + 15 * minute, retryAt(start + 75 * minute));
    const next = await capturesAt(records, start + 15 * minute);
    expect(next).toHaveLength(1);
    expect(next[0]?.media.id).not.toBe(probe.media.id);
  });

  test(`${name}: enough different media failing alike pause the channel; one failing often does not`, async () => {
    const { records } = await open();
    const at = await home(records);
    const fail = async (job: CaptureJob, now: number, reason = 'unknown_media') => {
      const move = {
        to: 'paused_if_repeated',
        reason,
        times: 3,
        since: now - 10 * minute,
        probeAt: now + 15 * minute,
      } as const;
      await settle(records, job, now, retryAt(now + minute, { reason }), move);
      return (await records.channel({ reach: at.reach, id: at.channel.id }))?.state;
    };
    await at.receive();
    for (let n = 0; n < 4; n++)
      expect(await fail(await nextCapture(records, start + n * minute), start + n * minute)).toBe('active');
    for (let n = 0; n < 4; n++) await at.receive();
    const [other, second, late, third] = (await capturesAt(records, start + 3 * minute)).slice(-4);
    if (!(other && second && late && third)) throw new Error('four jobs were due');
    expect(await fail(other, start + 3 * minute, 'carrier_500')).toBe('active');
    expect(await fail(second, start + 3 * minute)).toBe('active');
    await records.renew({ leases: [late, third], until: start + 100 * minute });
    expect(await fail(late, start + 20 * minute)).toBe('active');
    await fail(third, start + 20 * minute);
    expect(await records.channel({ reach: at.reach, id: at.channel.id })).toMatchObject({ state: 'active' });
    await at.receive();
    const last = await nextCapture(records, start + 21 * minute);
    expect(await fail(last, start + 21 * minute)).toBe('paused');
    expect(await eventsOf(records, at.reach)).toContain('channel.paused');
  });
}
