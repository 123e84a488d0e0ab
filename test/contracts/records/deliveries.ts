// Attempts, dead letters, replay, and endpoints that pause, resume and go.

import { expect, test } from 'vitest';
import type { DeliveryJob, Records } from '../../../src/core/records.ts';
import {
  attemptAt,
  claiming,
  deliveriesAt,
  everything,
  firstPage,
  type Home,
  home,
  hour,
  minute,
  type Open,
  settleDelivery,
  start,
} from './rig.ts';

const nextDelivery = async (records: Records, now: number): Promise<DeliveryJob> => {
  const [job] = await deliveriesAt(records, now);
  if (job === undefined) throw new Error('no delivery is due');
  return job;
};

const texts = async (at: Home, count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await at.receive({ media: [] });
};

const statesOf = async (records: Records, at: Home): Promise<string[]> =>
  (await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage })).rows.map((row) => row.state);

const dead = { to: 'dead', reason: 'gave_up' } as const;

export function deliveryClaims(name: string, open: Open): void {
  test(`${name}: every attempt is kept, with what the receiver said`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    await texts(at, 1);
    const first = await nextDelivery(records, start);
    const failure = {
      status: 500,
      fault: 'receiver',
      error: 'status_500\u0000',
      reply: 'oh\ud800 no',
      durationMs: 80,
    } as const;
    await settleDelivery(records, first, start, { to: 'retry', at: start + minute, reason: 'status_500' }, failure);
    const { id } = first.delivery;
    expect(await records.delivery({ reach: at.reach, id })).toMatchObject({
      state: 'pending',
      reason: 'status_500',
      attempts: 1,
      dueAt: start + minute,
    });
    const second = await nextDelivery(records, start + minute);
    expect(second).toMatchObject({ failures: 1, attempt: 2, delivery: { attempts: 1 } });
    expect(await settleDelivery(records, second, start + minute, { to: 'delivered' })).toBe('done');
    expect(await records.delivery({ reach: at.reach, id })).toMatchObject({
      state: 'delivered',
      reason: null,
      attempts: 2,
      dueAt: null,
    });
    expect(await records.listAttempts({ reach: at.reach, deliveryId: id })).toEqual([
      { ...attemptAt(start, failure), number: 1 },
      { ...attemptAt(start + minute), number: 2 },
    ]);
    expect(await settleDelivery(records, second, start + minute, { to: 'delivered' })).toBe('stale');
    expect(await records.listAttempts({ reach: at.reach, deliveryId: 'dlv_none' })).toBeUndefined();
  });

  test(`${name}: a dead delivery is replayed with a fresh schedule and its old attempts`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    await texts(at, 1);
    const first = await nextDelivery(records, start);
    const { id } = first.delivery;
    const request = { reach: at.reach, id, now: start + hour };
    expect(await records.replayDelivery(request)).toMatchObject({ changed: false, row: { state: 'pending' } });
    await settleDelivery(records, first, start, dead);
    expect(await deliveriesAt(records, start + hour)).toEqual([]);
    expect(await records.replayDelivery(request)).toMatchObject({
      changed: true,
      row: { state: 'pending', dueAt: start + hour, attempts: 1 },
    });
    expect(await nextDelivery(records, start + hour)).toMatchObject({ failures: 0, delivery: { id, attempts: 1 } });
    expect(await records.replayDelivery({ ...request, id: 'dlv_none' })).toBeUndefined();
  });

  test(`${name}: all dead deliveries of an endpoint are replayed at once, and no others`, async () => {
    const { records } = await open();
    const at = await home(records);
    const endpoint = await at.endpoint('prompt');
    await at.endpoint('prompt');
    await texts(at, 3);
    const jobs = await deliveriesAt(records, start);
    for (const job of jobs.slice(0, 5)) await settleDelivery(records, job, start, dead);
    const of = jobs.slice(0, 5).filter((job) => job.endpoint.id === endpoint.id).length;
    expect((await records.backlog({ now: start })).deliveries.dead).toBe(5);
    expect(await records.replayDead({ reach: at.reach, endpointId: endpoint.id, now: start })).toBe(of);
    expect((await deliveriesAt(records, start)).every((job) => job.endpoint.id === endpoint.id)).toBe(true);
    expect(await records.replayDead({ reach: at.reach, endpointId: endpoint.id, now: start })).toBe(0);
    expect(await records.replayDead({ reach: at.reach, endpointId: 'end_none', now: start })).toBeUndefined();
  });

  test(`${name}: a receiver that is gone pauses its endpoint; everything waits and goes out when it resumes`, async () => {
    const { records } = await open();
    const at = await home(records);
    const gone = await at.endpoint('prompt');
    const other = await at.endpoint('prompt', ['endpoint.paused']);
    await texts(at, 12);
    const { jobs } = await records.claimDeliveries(claiming(start, { free: 1 }));
    const [job] = jobs;
    if (job === undefined) throw new Error('no delivery is due');
    await settleDelivery(
      records,
      job,
      start,
      { to: 'pause_endpoint', reason: 'status_410' },
      { status: 410, fault: 'receiver' },
    );
    const named = { reach: at.reach, appId: at.app.id, id: gone.id };
    expect(await records.endpoint(named)).toMatchObject({ state: 'paused', reason: 'status_410', stateAt: start });
    expect(
      (await records.listDeliveries({ reach: at.reach, filter: { state: 'paused' }, page: firstPage })).rows,
    ).toHaveLength(12);
    const told = await deliveriesAt(records, start);
    expect(told).toMatchObject([
      { endpoint: { id: other.id }, event: { type: 'endpoint.paused', endpoint: { id: gone.id } } },
    ]);
    await texts(at, 1);
    expect(await deliveriesAt(records, start)).toEqual([]);

    await records.updateEndpoint({ ...named, now: start + hour, set: { state: 'active' } });
    expect(await records.endpoint(named)).toMatchObject({ state: 'active', reason: null });
    const seen: number[] = [];
    for (let n = 0; n < 3; n++) {
      const due = (await deliveriesAt(records, start + hour)).filter((job) => job.endpoint.id === gone.id);
      for (const due_ of due) await settleDelivery(records, due_, start + hour, { to: 'delivered' });
      seen.push(...due.map((due_) => due_.delivery.key));
    }
    expect(seen).toHaveLength(13);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test(`${name}: what is being sent while its endpoint is paused ends as it ends`, async () => {
    const { records } = await open();
    const at = await home(records);
    const endpoint = await at.endpoint('prompt');
    await texts(at, 3);
    const { jobs } = await records.claimDeliveries(claiming(start, { free: 2 }));
    const [reached, missed] = jobs;
    if (reached === undefined || missed === undefined) throw new Error('two deliveries were due');
    const named = { reach: at.reach, appId: at.app.id, id: endpoint.id };
    expect(await records.updateEndpoint({ ...named, now: start, set: { state: 'paused' } })).toMatchObject({
      state: 'paused',
      reason: 'operator',
    });
    expect(await settleDelivery(records, reached, start, { to: 'delivered' })).toBe('done');
    expect(
      await settleDelivery(
        records,
        missed,
        start,
        { to: 'retry', at: start + minute, reason: 'reset' },
        { fault: 'receiver' },
      ),
    ).toBe('done');
    expect(await statesOf(records, at)).toEqual(['paused', 'paused', 'delivered']);
    expect(await deliveriesAt(records, start + hour)).toEqual([]);
    await records.updateEndpoint({ ...named, now: start, set: { state: 'active' } });
    expect(await deliveriesAt(records, start + hour)).toHaveLength(2);
  });

  test(`${name}: with its endpoint its open deliveries die, and cannot be replayed`, async () => {
    const { records } = await open();
    const at = await home(records);
    const endpoint = await at.endpoint('prompt');
    await texts(at, 3);
    const job = await nextDelivery(records, start);
    const named = { reach: at.reach, appId: at.app.id, id: endpoint.id, now: start };
    expect(await records.deleteEndpoint(named)).toBe(true);
    expect(await records.deleteEndpoint(named)).toBe(false);
    expect(await records.endpoint(named)).toBeUndefined();
    expect(await statesOf(records, at)).toEqual(['dead', 'dead', 'dead']);
    expect(await deliveriesAt(records, start + hour)).toEqual([]);
    expect(await settleDelivery(records, job, start, { to: 'delivered' })).toBe('stale');
    expect(await records.replayDelivery({ reach: at.reach, id: job.delivery.id, now: start })).toMatchObject({
      changed: false,
    });
    await texts(at, 1);
    expect(await statesOf(records, at)).toHaveLength(3);
  });

  test(`${name}: an endpoint that fails gets fewer places; a fault of ours takes none from it`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    await texts(at, 20);
    const places = async (fault: 'receiver' | 'gateway' | 'none', to: 'dead' | 'delivered'): Promise<number> => {
      const jobs = await deliveriesAt(records, start);
      const [first, ...rest] = jobs;
      if (first === undefined) throw new Error('no delivery is due');
      await records.release({ leases: rest, now: start });
      await settleDelivery(records, first, start, to === 'dead' ? dead : { to }, { fault });
      return jobs.length;
    };
    expect(await places('gateway', 'dead')).toBe(8);
    expect(await places('receiver', 'dead')).toBe(8);
    expect(await places('none', 'delivered')).toBe(4);
    expect(await places('none', 'delivered')).toBe(8);
  });

  test(`${name}: nothing of a deleted app is delivered`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    await texts(at, 2);
    await records.deleteApp({ reach: everything, id: at.app.id, now: start });
    expect(await deliveriesAt(records, start)).toEqual([]);
    expect((await records.backlog({ now: start })).deliveries).toMatchObject({ ready: 0, waiting: 0, running: 0 });
  });
}
