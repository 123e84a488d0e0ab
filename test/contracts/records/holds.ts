// When an event goes out that waits for its files, and what goes out after it.

import { expect, test } from 'vitest';
import type { Millis } from '../../../src/core/ids.ts';
import type { Records } from '../../../src/core/records.ts';
import {
  capturesAt,
  claim,
  deliveriesAt,
  eventsOf,
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
} from './rig.ts';

const dueTimes = async (records: Records, at: Home): Promise<(Millis | null)[]> =>
  (await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage })).rows.map((row) => row.dueAt);

const storeNext = async (records: Records, at: Home, now: Millis) => {
  const [job] = await capturesAt(records, now);
  if (job === undefined) throw new Error('no capture is due');
  return await settle(records, job, now, { to: 'stored', file: file(at.app) });
};

const told = async (records: Records, now: Millis) =>
  (await deliveriesAt(records, now)).map(({ event, endpoint }) => `${event.type} ${endpoint.dialect}`).sort();

export function holdClaims(name: string, open: Open): void {
  test.each([
    ['native', start + 5 * minute],
    ['held', start + hour],
    ['prompt', start],
  ])(`${name}: with a file pending, a %s endpoint hears the message in its own time`, async (dialect, due) => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint(dialect);
    await at.receive();
    expect(await dueTimes(records, at)).toEqual([due]);
    if (due > start) expect(await deliveriesAt(records, due - 1)).toEqual([]);
    expect(await told(records, due)).toEqual([`message.received ${dialect}`]);
  });

  test(`${name}: an app sets its own limits`, async () => {
    const { records } = await open();
    const at = await home(records, { deliverWithinSeconds: 7, holdLimitSeconds: 9 });
    await at.endpoint('native');
    await at.endpoint('held');
    await at.receive();
    expect((await dueTimes(records, at)).sort()).toEqual([start + 7 * second, start + 9 * second]);
  });

  test(`${name}: a message without files waits for nothing`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('held');
    await at.receive({ media: [] });
    expect(await dueTimes(records, at)).toEqual([start]);
  });

  test(`${name}: the last capture of a message releases it, and the message carries the news itself`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('native');
    await at.endpoint('held');
    await at.endpoint('terse');
    await at.receive({ media: [claim(), claim()] });
    await storeNext(records, at, start + second);
    expect(await deliveriesAt(records, start + second)).toEqual([]);
    const [job] = await capturesAt(records, start + second + 30 * second);
    if (job === undefined) throw new Error('no capture is due');
    await settle(records, job, start + 32 * second, { to: 'unavailable', reason: 'too_large' });
    const jobs = await deliveriesAt(records, start + 32 * second);
    expect(jobs.map(({ event, endpoint }) => `${event.type} ${endpoint.dialect}`).sort()).toEqual([
      'message.received held',
      'message.received native',
      'message.received terse',
    ]);
    expect(jobs[0]?.event.message?.media.map((media) => media.state).sort()).toEqual(['stored', 'unavailable']);
    expect(await eventsOf(records, at.reach)).toEqual(['message.received', 'media.stored', 'media.unavailable']);
  });

  test(`${name}: an endpoint that has the message already is told of the file`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    const stored = await at.receive();
    const [first] = await deliveriesAt(records, start);
    if (first === undefined) throw new Error('no delivery is due');
    await settleDelivery(records, first, start, { to: 'delivered' });
    await storeNext(records, at, start + second);
    const jobs = await deliveriesAt(records, start + second);
    expect(jobs).toMatchObject([
      { event: { type: 'media.stored', media: { id: stored.media[0]?.id, state: 'stored' } } },
    ]);
    expect(jobs[0]?.event.message?.id).toBe(stored.id);
    expect(jobs[0]?.delivery).toMatchObject({ messageId: stored.id, mediaId: stored.media[0]?.id, part: 0 });
  });

  test(`${name}: an endpoint to which the message is just being sent is told of the file too`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    await at.receive();
    await deliveriesAt(records, start);
    await storeNext(records, at, start + second);
    expect(await told(records, start + second)).toEqual(['media.stored prompt']);
  });

  test(`${name}: after the limit the message goes out as it is, and the file follows`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('native');
    await at.receive();
    const [job] = await deliveriesAt(records, start + 5 * minute);
    expect(job?.event.message?.media).toMatchObject([{ state: 'pending' }]);
    if (job === undefined) throw new Error('no delivery is due');
    await settleDelivery(records, job, start + 5 * minute, { to: 'delivered' });
    await storeNext(records, at, start + 6 * minute);
    expect(await told(records, start + 6 * minute)).toEqual(['media.stored native']);
  });

  test(`${name}: deleting the last pending file releases the message`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('terse');
    const stored = await at.receive();
    await records.deleteMedia({ reach: at.reach, id: stored.media[0]?.id ?? '', now: start + second });
    const jobs = await deliveriesAt(records, start + second);
    expect(jobs).toMatchObject([{ event: { type: 'message.received', message: { media: [{ state: 'deleted' }] } } }]);
  });

  test(`${name}: an endpoint hears what its dialect has words for and what it asked for`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('terse');
    await at.endpoint('prompt', ['media.stored']);
    await at.endpoint('prompt', ['message.received']);
    await at.endpoint('unheard-of');
    await at.receive({ media: [] });
    await at.receive();
    expect(await told(records, start)).toEqual([
      'message.received prompt',
      'message.received prompt',
      'message.received terse',
    ]);
    await storeNext(records, at, start + second);
    expect(await told(records, start + second)).toEqual(['media.stored prompt', 'message.received terse']);
  });

  test(`${name}: a dialect that speaks file by file gets one request for each, and at least one`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('split');
    await at.receive({ media: [claim(), claim(), claim()] });
    await at.receive({ media: [] });
    const { rows } = await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage });
    expect(rows.map((row) => row.part)).toEqual([0, 2, 1, 0]);
    expect(await told(records, start)).toEqual(['message.received split']);
  });

  test(`${name}: a paused endpoint gets the message when it resumes, with the file in it`, async () => {
    const { records } = await open();
    const at = await home(records);
    const endpoint = await at.endpoint('native');
    const named = { reach: at.reach, appId: at.app.id, id: endpoint.id };
    await records.updateEndpoint({ ...named, now: start, set: { state: 'paused' } });
    await at.receive();
    await storeNext(records, at, start + second);
    expect(await deliveriesAt(records, start + hour)).toEqual([]);
    const { rows } = await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage });
    expect(rows).toMatchObject([{ state: 'paused', dueAt: null }]);
    await records.updateEndpoint({ ...named, now: start + 2 * hour, set: { state: 'active' } });
    const jobs = await deliveriesAt(records, start + 2 * hour);
    expect(jobs).toMatchObject([{ event: { type: 'message.received', message: { media: [{ state: 'stored' }] } } }]);
  });

  test(`${name}: media that a later copy added is told when it is stored`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    const given = at.message({ media: [] });
    await records.accept([at.unit([given])]);
    const [job] = await deliveriesAt(records, start);
    if (job === undefined) throw new Error('no delivery is due');
    await settleDelivery(records, job, start, { to: 'delivered' });
    await records.accept([at.unit([{ ...given, media: [claim()] }])]);
    await storeNext(records, at, start + second);
    expect(await told(records, start + second)).toEqual(['media.stored prompt']);
  });
}
