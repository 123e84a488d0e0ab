// Events of a span told again to one endpoint, or for the first time to one that was added later.

import { expect, test } from 'vitest';
import type { Endpoint } from '../../../src/core/model.ts';
import type { Records, ReplayScope } from '../../../src/core/records.ts';
import {
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
  settle,
  settleDelivery,
  start,
} from './rig.ts';

type Asked = Partial<Parameters<Records['replayEvents']>[0]>;

/** Replays a span whole, and gives how many deliveries it made due. */
async function replay(records: Records, at: Home, to: Endpoint, scope: ReplayScope, asked: Asked = {}) {
  let queued = 0;
  for (let cursor: string | null = null, steps = 0; steps < 100; steps++) {
    const step: Awaited<ReturnType<Records['replayEvents']>> = await records.replayEvents({
      reach: at.reach,
      appId: at.app.id,
      endpointId: to.id,
      from: start - day,
      to: start + day,
      scope,
      now: start + hour,
      limit: 3,
      cursor,
      ...asked,
    });
    if (step === undefined) throw new Error('there is no such endpoint');
    queued += step.queued;
    if (step.next === null) return queued;
    cursor = step.next;
  }
  throw new Error('the replay found no end');
}

const deliveriesOf = async (records: Records, at: Home, endpoint: Endpoint) => {
  const { rows } = await records.listDeliveries({
    reach: at.reach,
    filter: { endpointId: endpoint.id },
    page: firstPage,
  });
  return rows.toReversed();
};

const statesOf = async (records: Records, at: Home, endpoint: Endpoint) =>
  (await deliveriesOf(records, at, endpoint)).map(({ state }) => state);

/** Ends what is due: every second delivery dies. */
async function endDue(records: Records, now = start): Promise<void> {
  for (const [place, job] of (await deliveriesAt(records, now)).entries())
    await settleDelivery(records, job, now, place % 2 === 0 ? { to: 'delivered' } : { to: 'dead', reason: 'gave_up' });
}

export function eventReplayClaims(name: string, open: Open): void {
  test(`${name}: a replay makes due what is dead, also what is missing, also what was delivered`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive({ media: [] });
    const endpoint = await at.endpoint('prompt');
    for (let n = 0; n < 4; n++) await at.receive({ media: [] });
    await endDue(records);
    expect(await statesOf(records, at, endpoint)).toEqual(['delivered', 'dead', 'delivered', 'dead']);

    expect(await replay(records, at, endpoint, 'dead')).toBe(2);
    expect(await statesOf(records, at, endpoint)).toEqual(['delivered', 'pending', 'delivered', 'pending']);
    expect(await replay(records, at, endpoint, 'dead')).toBe(0);
    expect(await replay(records, at, endpoint, 'missing')).toBe(1);
    expect(await replay(records, at, endpoint, 'all')).toBe(2);
    expect(await replay(records, at, endpoint, 'all')).toBe(0);
    const rows = await deliveriesOf(records, at, endpoint);
    expect(rows.map(({ state, dueAt }) => [state, dueAt])).toEqual(Array(5).fill(['pending', start + hour]));
    expect(new Set(rows.map(({ eventId }) => eventId)).size).toBe(5);
    expect(await deliveriesAt(records, start + hour)).toHaveLength(5);
  });

  test(`${name}: what is delivered again keeps its attempts and begins its schedule anew`, async () => {
    const { records } = await open();
    const at = await home(records);
    const endpoint = await at.endpoint('prompt');
    await at.receive({ media: [] });
    const [first] = await deliveriesAt(records, start);
    if (first === undefined) throw new Error('nothing is due');
    await settleDelivery(records, first, start, { to: 'retry', at: start + minute, reason: 'status_500' });
    const [second] = await deliveriesAt(records, start + minute);
    if (second === undefined) throw new Error('nothing is due');
    await settleDelivery(records, second, start + minute, { to: 'delivered' });
    await replay(records, at, endpoint, 'all');
    const [job] = await deliveriesAt(records, start + hour);
    expect(job).toMatchObject({ failures: 0, delivery: { id: first.delivery.id, attempts: 2, state: 'pending' } });
    if (job === undefined) throw new Error('nothing is due');
    await settleDelivery(records, job, start + hour, { to: 'delivered' });
    const attempts = await records.listAttempts({ reach: at.reach, deliveryId: first.delivery.id });
    expect(attempts?.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  test(`${name}: only events of the span are replayed, its end left out`, async () => {
    const { records } = await open();
    const at = await home(records);
    for (let n = 0; n < 10; n++) await at.receive({ media: [] }, start + n * day);
    const endpoint = await at.endpoint('prompt');
    const span = { from: start + 3 * day, to: start + 6 * day, now: start + 10 * day };
    expect(await replay(records, at, endpoint, 'missing', span)).toBe(3);
    const told = await deliveriesAt(records, start + 10 * day);
    expect(told.map(({ event }) => event.at)).toEqual([3, 4, 5].map((n) => start + n * day));
  });

  test(`${name}: an endpoint that was added later hears what it listens to and its dialect speaks, part by part`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive({ media: [claim(), claim()] });
    await at.receive({ media: [] });
    await at.receive({ media: [], direction: 'echo' });
    const [all, split, terse, choosy] = [
      await at.endpoint('prompt'),
      await at.endpoint('split'),
      await at.endpoint('terse'),
      await at.endpoint('prompt', ['message.echoed']),
    ];
    const typesOf = async (endpoint: Endpoint) => {
      await replay(records, at, endpoint, 'missing');
      return (await deliveriesOf(records, at, endpoint)).map(({ eventType, part }) => `${eventType} ${part}`);
    };
    expect(await typesOf(all)).toEqual(['message.received 0', 'message.received 0', 'message.echoed 0']);
    expect(await typesOf(split)).toEqual([
      'message.received 0',
      'message.received 1',
      'message.received 0',
      'message.echoed 0',
    ]);
    expect(await typesOf(terse)).toEqual(['message.received 0', 'message.received 0']);
    expect(await typesOf(choosy)).toEqual(['message.echoed 0']);
  });

  test(`${name}: the news of a file is not missing where the news of its message brought it, or will`, async () => {
    const { records } = await open();
    const at = await home(records);
    const early = await at.endpoint('held');
    await at.receive();
    const [job] = await capturesAt(records, start);
    if (job === undefined) throw new Error('nothing to capture');
    await settle(records, job, start + minute, { to: 'stored', file: file(at.app) });
    for (const due of await deliveriesAt(records, start + minute))
      await settleDelivery(records, due, start + 2 * minute, { to: 'delivered' });
    expect(await replay(records, at, early, 'missing')).toBe(0);
    const added = await at.endpoint('held');
    expect(await replay(records, at, added, 'missing', { limit: 1 })).toBe(1);
    expect(await replay(records, at, early, 'all')).toBe(1);
  });

  test(`${name}: the news of a file that came after the news of its message was out is told to who never heard it`, async () => {
    const { records } = await open();
    const at = await home(records);
    const deaf = await at.endpoint('prompt', ['message.received']);
    await at.receive();
    for (const due of await deliveriesAt(records, start))
      await settleDelivery(records, due, start, { to: 'delivered' });
    const [job] = await capturesAt(records, start);
    if (job === undefined) throw new Error('nothing to capture');
    await settle(records, job, start + minute, { to: 'stored', file: file(at.app) });
    const named = { reach: at.reach, appId: at.app.id, id: deaf.id };
    await records.updateEndpoint({ ...named, now: start + minute, set: { events: null } });
    expect(await replay(records, at, deaf, 'missing')).toBe(1);
    expect(await deliveriesAt(records, start + hour)).toMatchObject([{ event: { type: 'media.stored' } }]);
  });

  test(`${name}: a paused endpoint gets what is replayed when it resumes`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive({ media: [] });
    const endpoint = await at.endpoint('prompt');
    await at.receive({ media: [] });
    await endDue(records);
    const named = { reach: at.reach, appId: at.app.id, id: endpoint.id };
    await records.updateEndpoint({ ...named, now: start, set: { state: 'paused' } });
    expect(await replay(records, at, endpoint, 'all')).toBe(2);
    expect(await statesOf(records, at, endpoint)).toEqual(['paused', 'paused']);
    expect(await deliveriesAt(records, start + hour)).toEqual([]);
    await records.updateEndpoint({ ...named, now: start + hour, set: { state: 'active' } });
    expect(await deliveriesAt(records, start + hour)).toHaveLength(2);
  });

  test(`${name}: an endpoint is not told of its own pause`, async () => {
    const { records } = await open();
    const at = await home(records);
    const [endpoint, other] = [await at.endpoint('prompt'), await at.endpoint('prompt')];
    const named = { reach: at.reach, appId: at.app.id, id: endpoint.id };
    await records.updateEndpoint({ ...named, now: start, set: { state: 'paused' } });
    await endDue(records);
    expect(await replay(records, at, endpoint, 'all')).toBe(0);
    expect(await replay(records, at, other, 'all')).toBe(1);
  });

  test(`${name}: replays that run beside each other make no delivery twice`, async () => {
    const { records } = await open();
    const at = await home(records);
    for (let n = 0; n < 5; n++) await at.receive({ media: [] });
    const endpoint = await at.endpoint('prompt');
    const queued = await Promise.all(Array.from({ length: 6 }, () => replay(records, at, endpoint, 'missing')));
    expect(queued.reduce((sum, count) => sum + count, 0)).toBe(5);
    expect(await deliveriesAt(records, start + hour)).toHaveLength(5);
  });

  test(`${name}: an endpoint out of reach, of another app or deleted is not there`, async () => {
    const { records } = await open();
    const [at, other] = [await home(records), await home(records)];
    const endpoint = await at.endpoint('prompt');
    const none = expect.objectContaining({ message: 'there is no such endpoint' });
    const refused = async (asked: Asked) =>
      replay(records, at, endpoint, 'all', asked).catch((error: unknown) => error);
    expect(await refused({ reach: other.reach })).toEqual(none);
    expect(await refused({ reach: everything, appId: other.app.id })).toEqual(none);
    await records.deleteEndpoint({ reach: everything, appId: at.app.id, id: endpoint.id, now: start });
    expect(await refused({})).toEqual(none);
  });
}
