// Endpoints without an address: whoever connects hears, and what comes while nobody does waits in a bounded queue.

import { expect, test } from 'vitest';
import type { Millis } from '../../../src/core/ids.ts';
import type { Endpoint, EventType } from '../../../src/core/model.ts';
import type { DeliveryFilter, DeliveryJob, DeliveryResult, Records } from '../../../src/core/records.ts';
import {
  attemptAt,
  capturesAt,
  claim,
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
  second,
  settle,
  settleDelivery,
  start,
  sweepAll,
} from './rig.ts';

const socket = async (records: Records, at: Home, some: { parallel?: boolean; events?: EventType[] } = {}) => {
  const { parallel, events = null } = some;
  const made = await records.createEndpoint({
    now: start,
    reach: at.reach,
    appId: at.app.id,
    url: '',
    transport: 'socket',
    dialect: 'queued',
    settings: parallel === undefined ? {} : { parallel },
    events,
    sealed: Uint8Array.of(9),
  });
  if (made === undefined) throw new Error('the endpoint was not made');
  return made;
};

const connect = async (records: Records, { id: endpointId }: Endpoint, open = true) =>
  await records.openLane({ endpointId, open });

/** Texts of senders, each sent at its time. */
const texts = async (at: Home, given: readonly (readonly [from: string, text: string, sentAt: Millis])[]) => {
  for (const [from, text, sentAt] of given)
    await at.receive({ kind: 'text', text, media: [], sentAt, identities: [{ kind: 'phone', value: from }] });
};

const said = (jobs: readonly DeliveryJob[]) => jobs.map(({ event }) => event.message?.text ?? event.type);

const queue = async (records: Records, { job, attempt }: DeliveryJob, at: Millis, until = at + day) =>
  (await records.settleDeliveries([{ job, attempt, at, log: null, result: { to: 'queued', until } }]))[0]?.outcome;

const listed = async (records: Records, at: Home, filter: DeliveryFilter = {}) =>
  (await records.listDeliveries({ reach: at.reach, filter, page: firstPage })).rows;

const deaths = async (records: Records, at: Home) => {
  const dead = await listed(records, at, { state: 'dead' });
  const told = await Promise.all(
    dead.map(async ({ messageId, reason }) => {
      const message = await records.message({ reach: at.reach, id: messageId ?? '' });
      return `${message?.text} ${reason}`;
    }),
  );
  return told.sort();
};

const handedOver: DeliveryResult = { to: 'dead', reason: 'HTTP 500', handOver: true };

export function socketClaims(name: string, open: Open): void {
  test(`${name}: an app has one socket of a dialect, whoever makes it first, and another when that is deleted`, async () => {
    const { records } = await open();
    const [at, other] = [await home(records), await home(records)];
    const made = await Promise.all([socket(records, at), socket(records, at), socket(records, other)]);
    expect(made[0]).toMatchObject({ transport: 'socket', url: '', dialect: 'queued', settings: {} });
    expect(made[1]).toEqual(made[0]);
    expect(made[2]?.id).not.toBe(made[0].id);
    const page = await records.listEndpoints({ reach: at.reach, appId: at.app.id, page: firstPage });
    expect(page.rows).toEqual([made[0]]);
    const named = { reach: at.reach, appId: at.app.id, id: made[0].id, now: start };
    await records.updateEndpoint({ ...named, set: { settings: { parallel: true } } });
    expect((await records.endpoint(named))?.settings).toEqual({ parallel: true });
    await records.deleteEndpoint(named);
    expect((await socket(records, at)).id).not.toBe(made[0].id);
  });

  test(`${name}: a socket is served while somebody is connected to it, and not a moment longer`, async () => {
    const { records, reopen } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await texts(at, [
      ['1', 'a', start],
      ['1', 'b', start],
    ]);
    expect(await deliveriesAt(records, start)).toEqual([]);
    expect(await connect(records, line)).toBe(true);
    const { jobs } = await records.claimDeliveries({
      now: start,
      free: 1,
      perLane: 8,
      perFailingLane: 4,
      leaseMs: minute,
    });
    expect(said(jobs)).toEqual(['a']);
    expect(jobs[0]?.endpoint).toMatchObject({ id: line.id, transport: 'socket' });
    await connect(records, line, false);
    expect(await deliveriesAt(records, start)).toEqual([]);
    await connect(records, line);
    const again = await reopen();
    expect(await deliveriesAt(again, start + hour)).toEqual([]);
    await connect(again, line);
    expect(said(await deliveriesAt(again, start + hour))).toEqual(['a', 'b']);
  });

  test(`${name}: only sockets have lanes to open`, async () => {
    const { records } = await open();
    const at = await home(records);
    const webhook = await at.endpoint('queued');
    expect(await connect(records, webhook)).toBe(false);
    expect(await records.openLane({ endpointId: 'end_none', open: true })).toBe(false);
    await at.receive({ media: [] });
    expect(await deliveriesAt(records, start)).toHaveLength(1);
  });

  test(`${name}: what nobody connected hears goes back untried, and waits to be released`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await connect(records, line);
    await texts(at, [['1', 'a', start]]);
    const [job] = await deliveriesAt(records, start);
    if (job === undefined) throw new Error('no delivery is due');
    expect(await queue(records, job, start)).toBe('done');
    expect(await queue(records, job, start)).toBe('stale');
    const { id } = job.delivery;
    expect(await records.delivery({ reach: at.reach, id })).toMatchObject({ state: 'pending', attempts: 0 });
    expect(await records.listAttempts({ reach: at.reach, deliveryId: id })).toEqual([]);
    expect(await deliveriesAt(records, start + day - 1)).toEqual([]);
    expect(await records.releaseQueue({ endpointId: line.id, now: start + hour, spacingMs: 750 })).toBe(1);
    const [again] = await deliveriesAt(records, start + hour);
    expect(again).toMatchObject({ failures: 0, attempt: 2, delivery: { id } });
    if (again === undefined) throw new Error('it is not due');
    await queue(records, again, start + hour, start + 2 * hour);
    // Without a release it is due at last when it said.
    expect(await deliveriesAt(records, start + 2 * hour)).toHaveLength(1);
  });

  test(`${name}: a queue is released the oldest message first, all senders merged, one at a time`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await texts(at, [
      ['1', 'third', start + 3],
      ['2', 'first', start + 1],
      ['1', 'fourth', start + 4],
      ['3', 'second', start + 2],
    ]);
    await connect(records, line);
    // One of them was tried before, with nobody to hear it.
    const [job, ...rest] = await deliveriesAt(records, start);
    if (job === undefined) throw new Error('no delivery is due');
    await queue(records, job, start);
    await records.release({ leases: rest, now: start });
    const now = start + minute;
    expect(await records.releaseQueue({ endpointId: line.id, now, spacingMs: 750 })).toBe(4);
    const heard: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const due = now + turn * 750;
      const { jobs, nextDue } = await records.claimDeliveries({
        now: due,
        free: 9,
        perLane: 8,
        perFailingLane: 4,
        leaseMs: day,
      });
      for (const one of jobs) await settleDelivery(records, one, due, { to: 'delivered' });
      heard.push(...said(jobs));
      expect(jobs).toHaveLength(1);
      if (turn < 3) expect(nextDue).toBe(due + 750);
    }
    expect(heard).toEqual(['first', 'second', 'third', 'fourth']);
    expect(await records.releaseQueue({ endpointId: 'end_none', now, spacingMs: 750 })).toBe(0);
  });

  test(`${name}: a client that comes back in the middle of a release has the rest released anew`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await texts(
      at,
      ['a', 'b', 'c', 'd'].map((text, n) => ['1', text, start + n] as const),
    );
    await connect(records, line);
    await records.releaseQueue({ endpointId: line.id, now: start, spacingMs: second });
    const [first] = await deliveriesAt(records, start);
    if (first === undefined) throw new Error('nothing was released');
    await settleDelivery(records, first, start, { to: 'delivered' });
    await connect(records, line, false);
    await deliveriesAt(records, start + second);
    await connect(records, line);
    const now = start + second + 1;
    expect(await records.releaseQueue({ endpointId: line.id, now, spacingMs: second })).toBe(3);
    expect(said(await deliveriesAt(records, now))).toEqual(['b']);
    expect(await deliveriesAt(records, now + second - 1)).toEqual([]);
    expect(said(await deliveriesAt(records, now + second))).toEqual(['c']);
  });

  test(`${name}: a release leaves alone what waits for its files, and what is being sent`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await connect(records, line);
    await texts(at, [['1', 'being sent', start]]);
    expect(await deliveriesAt(records, start)).toHaveLength(1);
    await at.receive({ text: 'with a photo', media: [claim()] });
    expect(await records.releaseQueue({ endpointId: line.id, now: start, spacingMs: 750 })).toBe(0);
    expect(await deliveriesAt(records, start + second)).toEqual([]);
    const [capture] = await capturesAt(records, start);
    if (capture === undefined) throw new Error('no capture is due');
    await settle(records, capture, start + second, { to: 'stored', file: file(at.app) });
    expect(said(await deliveriesAt(records, start + second))).toEqual(['with a photo']);
  });

  test(`${name}: of each sender the newest are kept, what is older than the limit goes, and the rest can be replayed`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await texts(at, [
      ['1', 'a2', start + 2],
      ['1', 'a1', start + 1],
      ['1', 'a3', start + 3],
      ['2', 'b1', start],
    ]);
    await at.receive({ text: 'g1', media: [], groupId: 'group', sentAt: start, kind: 'text' }, start + hour);
    const trim = { endpointId: line.id, perSender: 2, olderThan: start - 1, now: start + hour };
    expect(await records.trimQueue(trim)).toBe(1);
    expect(await deaths(records, at)).toEqual(['a1 queue_full']);
    expect(await records.trimQueue({ ...trim, olderThan: start + 1 })).toBe(3);
    expect(await deaths(records, at)).toEqual([
      'a1 queue_full',
      'a2 queue_expired',
      'a3 queue_expired',
      'b1 queue_expired',
    ]);
    expect(await records.trimQueue({ ...trim, endpointId: 'end_none' })).toBe(0);

    // Replayed, its age counts from then.
    expect(await records.replayDead({ reach: at.reach, endpointId: line.id, now: start + 2 * hour })).toBe(4);
    expect(await records.trimQueue({ ...trim, perSender: 9, olderThan: start + 2 * hour })).toBe(1);
    await connect(records, line);
    expect(said(await deliveriesAt(records, start + 2 * hour)).sort()).toEqual(['a1', 'a2', 'a3', 'b1']);
  });

  test(`${name}: what is being sent is not taken out of a queue`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await connect(records, line);
    await texts(at, [['1', 'a', start]]);
    const [job] = await deliveriesAt(records, start);
    if (job === undefined) throw new Error('no delivery is due');
    const trim = { endpointId: line.id, perSender: 0, olderThan: start + day, now: start };
    expect(await records.trimQueue(trim)).toBe(0);
    expect(await settleDelivery(records, job, start, { to: 'delivered' })).toBe('done');
  });

  test(`${name}: while nobody connects the sweep keeps a queue within its dialect's bounds, step by step`, async () => {
    const { records } = await open();
    const at = await home(records);
    await socket(records, at);
    await texts(
      at,
      Array.from({ length: 8 }, (_, n) => ['1', `a${n}`, start + n] as const),
    );
    await texts(at, [['2', 'b', start]]);
    expect(await records.sweep({ now: start, limit: 2 })).toEqual({ changed: 2 });
    await sweepAll(records, start);
    expect(await deaths(records, at)).toEqual(Array.from({ length: 5 }, (_, n) => `a${n} queue_full`));
    await sweepAll(records, start + day);
    expect(await listed(records, at, { state: 'pending' })).toHaveLength(4);
    await sweepAll(records, start + day + 1);
    expect(await listed(records, at, { state: 'pending' })).toEqual([]);
    expect(await deaths(records, at)).toContain('b queue_expired');
  });

  test(`${name}: what waits for a client is counted apart`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await at.endpoint('native');
    await texts(at, [
      ['1', 'a', start],
      ['1', 'b', start],
    ]);
    const { deliveries } = await records.backlog({ now: start });
    expect(deliveries).toMatchObject({ ready: 2, waiting: 0, queued: 2 });
    await connect(records, line);
    await deliveriesAt(records, start);
    expect((await records.backlog({ now: start })).deliveries).toMatchObject({ running: 4, queued: 0 });
  });

  test(`${name}: a socket that is paused takes what nobody heard along, and gets it when it resumes`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await connect(records, line);
    await texts(at, [['1', 'a', start]]);
    const [job] = await deliveriesAt(records, start);
    if (job === undefined) throw new Error('no delivery is due');
    const named = { reach: at.reach, appId: at.app.id, id: line.id, now: start };
    await records.updateEndpoint({ ...named, set: { state: 'paused' } });
    expect(await queue(records, job, start)).toBe('done');
    expect(await listed(records, at)).toMatchObject([{ state: 'paused', attempts: 0 }]);
    await records.updateEndpoint({ ...named, set: { state: 'active' } });
    expect(said(await deliveriesAt(records, start))).toEqual(['a']);
  });

  test(`${name}: a socket steps back while a webhook of its dialect is active, unless it is set to hear beside it`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await connect(records, line);
    const told = async () => {
      await at.receive({ media: [] });
      const jobs = await deliveriesAt(records, start);
      for (const job of jobs) await settleDelivery(records, job, start, { to: 'delivered' });
      const news = jobs.filter(({ event }) => event.type === 'message.received');
      return news.map(({ endpoint }) => endpoint.transport).sort();
    };
    expect(await told()).toEqual(['socket']);
    await at.endpoint('native');
    expect(await told()).toEqual(['socket', 'webhook']);
    const webhook = await at.endpoint('queued');
    expect(await told()).toEqual(['webhook', 'webhook']);
    const named = { reach: at.reach, appId: at.app.id, now: start };
    await records.updateEndpoint({ ...named, id: line.id, set: { settings: { parallel: true } } });
    expect(await told()).toEqual(['socket', 'webhook', 'webhook']);
    await records.updateEndpoint({ ...named, id: line.id, set: { settings: {} } });
    await records.updateEndpoint({ ...named, id: webhook.id, set: { state: 'paused' } });
    expect(await told()).toEqual(['socket', 'webhook']);
  });

  test(`${name}: a file whose message a webhook was told of is told to that webhook alone`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await connect(records, line);
    await at.endpoint('queued');
    await at.receive();
    const [news] = await deliveriesAt(records, start + hour);
    if (news === undefined) throw new Error('no delivery is due');
    await settleDelivery(records, news, start + hour, { to: 'delivered' });
    const [capture] = await capturesAt(records, start + hour);
    if (capture === undefined) throw new Error('no capture is due');
    await settle(records, capture, start + hour, { to: 'stored', file: file(at.app) });
    expect((await deliveriesAt(records, start + hour)).map(({ endpoint }) => endpoint.transport)).toEqual(['webhook']);
  });

  test(`${name}: what a webhook would not take goes to the socket of its app and dialect, once`, async () => {
    const { records } = await open();
    const [at, other] = [await home(records), await home(records)];
    const line = await socket(records, at);
    await socket(records, other);
    await at.endpoint('queued');
    await at.endpoint('queued');
    await texts(at, [['1', 'a', start]]);
    for (const job of await deliveriesAt(records, start)) {
      expect(await settleDelivery(records, job, start, handedOver, { status: 500, fault: 'receiver' })).toBe('done');
    }
    const rows = await listed(records, at);
    expect(rows.map(({ state, reason }) => [state, reason])).toEqual([
      ['pending', null],
      ['dead', 'HTTP 500'],
      ['dead', 'HTTP 500'],
    ]);
    expect(rows[0]).toMatchObject({ endpointId: line.id, eventId: rows[1]?.eventId, part: 0, attempts: 0 });
    expect(await listed(records, other)).toEqual([]);
    await connect(records, line);
    expect(said(await deliveriesAt(records, start))).toEqual(['a']);
  });

  test(`${name}: nothing is handed over where there is no socket, where it hears no such events, or where its dialect has none`, async () => {
    const { records } = await open();
    const [bare, choosy, foreign] = [await home(records), await home(records), await home(records)];
    await bare.endpoint('queued');
    await socket(records, choosy, { events: ['media.stored'] });
    await choosy.endpoint('queued');
    await socket(records, foreign);
    await foreign.endpoint('native');
    for (const at of [bare, choosy, foreign]) {
      // Its own share of a socket of another dialect is not what this is about.
      await texts(at, [['1', 'a', start]]);
      const [job] = await deliveriesAt(records, start);
      if (job === undefined) throw new Error('no delivery is due');
      const before = await listed(records, at);
      await settleDelivery(records, job, start, handedOver, { status: 500, fault: 'receiver' });
      expect(await listed(records, at)).toHaveLength(before.length);
    }
  });

  test(`${name}: what is handed over to a paused socket waits for its resumption, and goes with its app`, async () => {
    const { records } = await open();
    const at = await home(records);
    const line = await socket(records, at);
    await at.endpoint('queued');
    await records.updateEndpoint({
      reach: at.reach,
      appId: at.app.id,
      id: line.id,
      now: start,
      set: { state: 'paused' },
    });
    await texts(at, [['1', 'a', start]]);
    const [job] = await deliveriesAt(records, start);
    if (job === undefined) throw new Error('no delivery is due');
    const log = attemptAt(start, { status: 500, fault: 'receiver' });
    const { job: key, attempt } = job;
    await records.settleDeliveries([{ job: key, attempt, at: start, log, result: handedOver }]);
    expect(await listed(records, at)).toMatchObject([{ endpointId: line.id, state: 'paused' }, { state: 'dead' }]);
    await records.deleteApp({ reach: everything, id: at.app.id, now: start });
    expect(await connect(records, line)).toBe(false);
    expect((await records.backlog({ now: start })).deliveries).toMatchObject({ ready: 0, waiting: 0, queued: 0 });
  });
}
