// Claims: leases and their fences, lanes and their order.

import { expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import type { CaptureJob, Records } from '../../../src/core/records.ts';
import {
  capturesAt,
  claim,
  claiming,
  day,
  deliveriesAt,
  file,
  firstPage,
  home,
  hour,
  minute,
  newChannel,
  type Open,
  retryAt,
  second,
  settle,
  start,
} from './rig.ts';

const lease = 30 * second;
const addresses = (jobs: CaptureJob[]): string[] => jobs.map((job) => job.channel.address);

export function jobClaims(name: string, open: Open): void {
  test(`${name}: a job is claimed once, and again when its lease has lapsed`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    const [first] = await capturesAt(records, start);
    expect(await capturesAt(records, start + lease - 1)).toEqual([]);
    const [second] = await capturesAt(records, start + lease);
    expect(second).toMatchObject({ job: first?.job, attempt: 2, failures: 0 });
  });

  test(`${name}: a renewed lease does not lapse; a lost one is named`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    await at.receive();
    const [kept, lost] = await capturesAt(records, start);
    if (kept === undefined || lost === undefined) throw new Error('two jobs were due');
    expect(await records.renew({ leases: [kept], until: start + 2 * lease })).toEqual([]);
    expect(await capturesAt(records, start + lease)).toMatchObject([{ job: lost.job }]);
    expect(await records.renew({ leases: [kept, lost], until: start + 3 * lease })).toEqual([lost.job]);
  });

  test(`${name}: who lost the lease settles nothing, and its object is to be dropped`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    const [late] = await capturesAt(records, start);
    const [holder] = await capturesAt(records, start + lease);
    if (late === undefined || holder === undefined) throw new Error('the job was due twice');
    const [mine, theirs] = [file(at.app), file(at.app)];
    expect(await settle(records, late, start + lease, { to: 'stored', file: mine })).toEqual({
      outcome: 'stale',
      drop: mine.blob,
    });
    expect(await settle(records, holder, start + lease, { to: 'stored', file: theirs })).toEqual({
      outcome: 'done',
      drop: null,
    });
    expect(await settle(records, holder, start + lease, { to: 'stored', file: theirs })).toEqual({
      outcome: 'stale',
      drop: null,
    });
    expect(await settle(records, late, start + lease, { to: 'unavailable', reason: 'x' })).toEqual({
      outcome: 'stale',
      drop: null,
    });
    const { rows } = await records.listMedia({ reach: at.reach, filter: {}, page: firstPage });
    expect(rows).toMatchObject([{ state: 'stored', blob: theirs.blob }]);
  });

  test(`${name}: a job whose claims lapse ten times rests and stops nobody`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    for (let n = 0; n < 10; n++)
      expect(await capturesAt(records, start + n * lease)).toMatchObject([{ attempt: n + 1 }]);
    expect(await capturesAt(records, start + 10 * lease)).toEqual([]);
    expect((await records.backlog({ now: start })).captures).toMatchObject({ resting: 1, running: 0, ready: 0 });
    await at.receive();
    expect(await capturesAt(records, start + 11 * lease)).toHaveLength(1);
  });

  test(`${name}: a job that rests is listed under the id of what it is about, and can be set going again`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    const message = await at.receive();
    const media = message.media[0]?.id;
    const [delivery] = (await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage })).rows;
    const object = `${at.app.id}/${newId('blob', start)}`;
    await records.doomOrphans({ objects: [object], now: start });
    expect(await records.listResting({ limit: 10 })).toEqual([]);
    for (let n = 0; n <= 10; n++) {
      await capturesAt(records, start + n * lease);
      await deliveriesAt(records, start + n * lease);
      await records.claimRemovals(claiming(start + n * lease));
    }
    const now = start + 11 * lease;
    const resting = await records.listResting({ limit: 10 });
    expect(resting.map(({ kind, id, lapses }) => [kind, id, lapses])).toEqual([
      ['capture', media, 10],
      ['deliver', delivery?.id, 10],
      ['remove', object.split('/')[1], 10],
    ]);
    expect(resting[0]).toMatchObject({ appId: at.app.id, failures: 0, reason: null, createdAt: start });
    expect(await records.listResting({ limit: 1 })).toHaveLength(1);

    expect(await records.resumeJobs({ ids: ['med_none'], now })).toBe(0);
    expect(await records.resumeJobs({ ids: [media ?? ''], now })).toBe(1);
    expect(await records.resumeJobs({ ids: [media ?? ''], now })).toBe(0);
    expect(await capturesAt(records, now)).toMatchObject([{ media: { id: media } }]);
    // It has ten lapses before it again.
    expect(await capturesAt(records, now + lease)).toHaveLength(1);
    expect(await deliveriesAt(records, now)).toEqual([]);
    expect(await records.resumeJobs({ ids: null, now })).toBe(2);
    expect(await deliveriesAt(records, now)).toMatchObject([{ delivery: { id: delivery?.id } }]);
    expect((await records.claimRemovals(claiming(now))).jobs).toMatchObject([{ blob: object }]);
    expect(await records.listResting({ limit: 10 })).toEqual([]);
  });

  test(`${name}: a lease given back is free at once, and no failure`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    const leases = await capturesAt(records, start);
    await records.release({ leases, now: start + 1 });
    expect(await capturesAt(records, start + 1)).toMatchObject([{ attempt: 2, failures: 0 }]);
    await records.release({ leases, now: start + 2 });
    expect(await capturesAt(records, start + 2)).toEqual([]);
  });

  test(`${name}: after a restart the work of the former process is free, at once or when its lease has lapsed`, async () => {
    const { records, reopen, freed } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    await at.receive();
    const [before] = await capturesAt(records, start);
    await deliveriesAt(records, start);
    const again = await reopen();
    const free = freed === 'at once' ? start : start + lease;
    if (freed === 'by lapse') expect(await capturesAt(again, free - 1)).toEqual([]);
    expect(await capturesAt(again, free)).toMatchObject([{ job: before?.job, attempt: 2 }]);
    expect(await deliveriesAt(again, free)).toMatchObject([{ attempt: 2 }]);
  });

  test(`${name}: a failed job waits its time and keeps what it learnt`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    const [first] = await capturesAt(records, start);
    if (first === undefined) throw new Error('no job');
    const memo = { sha256: 'ab', tries: [1, null] };
    const result = { to: 'retry', at: start + minute, reason: 'reset', counts: true, memo } as const;
    expect(await settle(records, first, start, { ...result, memo: { ...memo } })).toEqual({
      outcome: 'done',
      drop: null,
    });
    expect(await capturesAt(records, start + minute - 1)).toEqual([]);
    const [second] = await capturesAt(records, start + minute);
    expect(second).toMatchObject({ failures: 1, attempt: 2, memo });
    if (second === undefined) throw new Error('no job');
    await settle(records, second, start + minute, retryAt(start + 2 * minute, { counts: false }));
    expect(await capturesAt(records, start + 2 * minute)).toMatchObject([{ failures: 1, memo: null }]);
  });

  test(`${name}: a claim tells when the next job is due`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('native');
    expect(await records.claimDeliveries(claiming(start))).toEqual({ jobs: [], left: false, nextDue: null });
    await at.receive();
    expect((await records.claimDeliveries(claiming(start))).nextDue).toBe(start + 5 * minute);
    expect((await records.claimDeliveries(claiming(start + 5 * minute))).nextDue).toBe(start + 5 * minute + lease);
    expect((await records.claimRemovals(claiming(start))).nextDue).toBeNull();
  });

  test(`${name}: a claim tells whether it left anything ready`, async () => {
    const { records } = await open();
    const at = await home(records);
    const left = async (more: Parameters<typeof claiming>[1]) =>
      (await records.claimCaptures(claiming(start, more))).left;
    expect(await left({})).toBe(false);
    for (let n = 0; n < 5; n++) await at.receive();
    expect(await left({ free: 2 })).toBe(true);
    expect(await left({ perLane: 3, perFailingLane: 3 })).toBe(true);
    expect(await left({})).toBe(false);
    expect(await left({})).toBe(false);
  });

  test(`${name}: a lane holds no more than its places, and fewer while it fails`, async () => {
    const { records } = await open();
    const at = await home(records);
    for (let n = 0; n < 12; n++) await at.receive();
    const running = await capturesAt(records, start);
    expect(running).toHaveLength(8);
    expect(await capturesAt(records, start)).toEqual([]);
    const [failing, working, ...rest] = running;
    if (failing === undefined || working === undefined) throw new Error('eight jobs were due');
    await settle(records, failing, start, retryAt(start + hour));
    expect(await capturesAt(records, start)).toEqual([]);
    await records.release({ leases: rest, now: start });
    expect(await capturesAt(records, start)).toHaveLength(3);
    await settle(records, working, start, { to: 'stored', file: file(at.app) });
    expect(await capturesAt(records, start)).toHaveLength(5);
  });

  test(`${name}: lanes share the places round robin`, async () => {
    const { records } = await open();
    const at = await home(records);
    const other = await newChannel(records, at.app, at.connection);
    for (let n = 0; n < 20; n++) await at.receive();
    for (let n = 0; n < 2; n++) await at.receive({ address: other.address });
    const { jobs } = await records.claimCaptures(claiming(start, { free: 6 }));
    expect(addresses(jobs).sort()).toEqual(
      [at.channel, at.channel, at.channel, at.channel, other, other].map((c) => c.address).sort(),
    );
  });

  test(`${name}: lanes that yield take what they are left, round robin, and only after all others`, async () => {
    const { records } = await open();
    const at = await home(records);
    const [second, third] = [
      await newChannel(records, at.app, at.connection),
      await newChannel(records, at.app, at.connection),
    ];
    const { jobs: none } = await records.claimCaptures(claiming(start));
    expect(none).toEqual([]);
    for (const { address } of [at.channel, second, third]) for (let n = 0; n < 9; n++) await at.receive({ address });
    const [first] = (await records.claimCaptures(claiming(start, { free: 1 }))).jobs;
    const [next] = (await records.claimCaptures(claiming(start, { free: 1 }))).jobs;
    expect([first?.channel.id, next?.channel.id]).toEqual([at.channel.id, second.id]);
    if (first === undefined || next === undefined) throw new Error('nothing was ready');
    expect(first).toMatchObject({ readyAt: start });
    const claimed = async (places: number, free = 16) => {
      const yielding = { lanes: [first.lane, next.lane], places };
      const { jobs, left } = await records.claimCaptures(claiming(start, { free, yielding }));
      expect(left).toBe(true);
      return addresses(jobs);
    };
    const other = third.address;
    // The third was served last of all, and comes first.
    expect(await claimed(3, 2)).toEqual([other, at.channel.address]);
    expect(await claimed(0, 3)).toEqual([other, other, other]);
    expect((await claimed(3)).toSorted()).toEqual(
      [other, other, other, other, second.address, at.channel.address, second.address].toSorted(),
    );
    expect(await claimed(0)).toEqual([]);
  });

  test(`${name}: the lane served longest ago comes first`, async () => {
    const { records } = await open();
    const at = await home(records);
    const lanes = [
      at.channel,
      await newChannel(records, at.app, at.connection),
      await newChannel(records, at.app, at.connection),
    ];
    for (const { address } of lanes) for (let n = 0; n < 3; n++) await at.receive({ address });
    const served: string[] = [];
    for (let n = 0; n < 6; n++) {
      const { jobs } = await records.claimCaptures(claiming(start, { free: 1 }));
      served.push(...addresses(jobs));
    }
    const order = lanes.map((lane) => lane.address);
    expect(served).toEqual([...order, ...order]);
  });

  test(`${name}: in a lane, what its carrier drops within a day goes first, then the newest`, async () => {
    const { records } = await open();
    const at = await home(records);
    const until = async (left: number) =>
      (await at.receive({ media: [claim({ deadline: start + left })] })).media[0]?.id;
    const oldest = await until(6 * day);
    const urgent = await until(5 * hour);
    const newest = await until(3 * day);
    const mostUrgent = await until(2 * hour);
    expect((await capturesAt(records, start)).map((job) => job.media.id)).toEqual([mostUrgent, urgent, newest, oldest]);
  });

  test(`${name}: deliveries go oldest first`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    const ids = [];
    for (let n = 0; n < 4; n++) ids.push((await at.receive()).id);
    expect((await deliveriesAt(records, start)).map((job) => job.delivery.messageId)).toEqual(ids);
  });

  test(`${name}: no place free, nothing claimed`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    expect((await records.claimCaptures(claiming(start, { free: 0 }))).jobs).toEqual([]);
  });

  test(`${name}: a backlog is claimed to its end, each job once`, async () => {
    const { records } = await open();
    const at = await home(records);
    const messages = Array.from({ length: 300 }, () => at.message());
    await records.accept([at.unit(messages)]);
    const seen = new Set<number>();
    for (let claims = 0; claims < 40; claims++) {
      const jobs: CaptureJob[] = await capturesAt(records, start);
      if (jobs.length === 0) break;
      for (const { job } of jobs) expect(seen).not.toContain(job);
      for (const { job } of jobs) seen.add(job);
      await settleAll(records, jobs);
    }
    expect(seen.size).toBe(300);
    expect((await records.backlog({ now: start })).captures).toMatchObject({
      ready: 0,
      running: 0,
      waiting: 0,
      oldestAt: null,
    });
  });
}

async function settleAll(records: Records, jobs: CaptureJob[]): Promise<void> {
  const result = { to: 'unavailable', reason: 'gone' } as const;
  await records.settleCaptures(jobs.map(({ job, attempt }) => ({ job, attempt, at: start, result, channel: null })));
}
