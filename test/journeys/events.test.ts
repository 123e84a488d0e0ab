// Reading events by cursor, and when an event about a message goes out whose file is late.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Received, Reply } from '../../src/sandbox/receiver.ts';
import {
  about,
  attempted,
  type Body,
  bytesOf,
  eventOf,
  eventsAfter,
  type LogLine,
  messageOf,
  newestDelivery,
  type Rig,
  say,
  startRig,
  type Tenant,
} from './rig.ts';

const second = 1000;
const minute = 60 * second;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  rig.clock.hold();
});
afterAll(() => rig.close());

test('a reader who follows the cursor while events are being written sees each of them once and in order', async () => {
  const [tenant, neighbour] = [await rig.tenant(), await rig.tenant()];
  const { compose } = rig.sandbox;
  const batches = Array.from({ length: 40 }, (_, n) => {
    const messages = Array.from({ length: 10 }, (_, m) => compose.message(compose.contents.text(`${n} ${m}`)));
    return { messages, owner: n % 2 === 0 ? tenant : neighbour };
  });
  let writing = true;
  const written = Promise.all(
    batches.map(({ messages, owner }) => rig.post(compose.body([compose.received(owner.phoneNumberId, messages)]))),
  ).finally(() => {
    writing = false;
  });
  const seen: Body[] = [];
  let cursor = '';
  for (let more = true; more; ) {
    // Asked before the page is read: what was written until then is on this page or on one that follows.
    more = writing;
    const { body } = await rig.call('GET', `/api/v1/events?limit=7${cursor}`, undefined, tenant.key);
    seen.push(...body.data);
    more ||= body.data.length > 0;
    cursor = `&after=${encodeURIComponent(body.next)}`;
  }
  for (const { status } of await written) expect(status).toBe(200);
  const ids = batches.flatMap(({ messages, owner }) => (owner === tenant ? messages.map(({ id }) => id) : []));
  expect(seen.map(({ data }) => data.message.carrier_message_id).sort()).toEqual(ids.sort());
  const again = (await eventsAfter(rig, tenant)).events;
  expect(seen.map(({ id }) => id)).toEqual(again.map(({ id }) => id));
});

test('a cursor from the end goes on with what comes later, also when only some types are asked for', async () => {
  const tenant = await rig.tenant();
  await say(rig, tenant, 'before');
  const { next } = await eventsAfter(rig, tenant);
  const [sent] = await rig.send(tenant, [{ bytes: bytesOf('after'), type: 'text/plain' }]);
  await tenant.receiver.next(about(sent?.messageId ?? ''));
  const read = async (types: string) =>
    (await rig.call('GET', `/api/v1/events?after=${encodeURIComponent(next)}${types}`, undefined, tenant.key)).body
      .data;
  expect((await read('')).map(({ type }: Body) => type)).toEqual(['message.received', 'media.stored']);
  expect((await read('&types=media.stored')).map(({ type }: Body) => type)).toEqual(['media.stored']);
});

/** A file of a tenant that the carrier does not give until its faults are cleared. */
async function lateFile(tenant: Tenant): Promise<{ id: string; sha256: string; carrierMessageId: string }> {
  const { compose } = rig.sandbox;
  const media = await rig.sandbox.keep(tenant.phoneNumberId, { bytes: bytesOf('late') }, { type: 'text/plain' });
  rig.sandbox.fault(media.id, { at: 'look_up', is: 'status', status: 500 });
  const message = compose.message(compose.media(media, { url: 'missing' }));
  await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
  await refused(tenant, 1);
  return { id: media.id, sha256: media.sha256, carrierMessageId: message.id };
}

/** Waits for the nth try with this outcome to end; when the clock is moved before, what it leads to is due after that. */
const captured = (tenant: Tenant, outcome: string, times = 1) => {
  let seen = 0;
  return rig.log.next(
    (line: LogLine) =>
      line.msg === 'capture' && line['channel'] === tenant.channelId && line['outcome'] === outcome && ++seen === times,
  );
};
const refused = (tenant: Tenant, times: number) => captured(tenant, 'retry', times);

const states = (received: Received) => messageOf(received).media.map(({ state }: Body) => state);

test('a message whose file is late goes out without it after five minutes, and media.stored follows', async () => {
  const tenant = await rig.tenant();
  const file = await lateFile(tenant);
  expect(tenant.receiver.received).toEqual([]);
  rig.clock.advance(5 * minute);
  const first = await tenant.receiver.next(about(file.carrierMessageId));
  expect(states(first)).toEqual(['pending']);
  expect(messageOf(first).media[0]).toMatchObject({ url: null, sha256: null });
  await attempted(rig, (await newestDelivery(rig, tenant)).id, 1);
  await refused(tenant, 2);
  rig.sandbox.clearFaults();
  rig.clock.advance(15 * minute);
  const then = eventOf(await tenant.receiver.next(about(file.carrierMessageId, 'media.stored')));
  expect(then.data).toMatchObject({
    media: { id: messageOf(first).media[0].id, state: 'stored', sha256: file.sha256 },
    message: { id: messageOf(first).id },
  });
});

test('a file that arrives while its message is being delivered without it is told by an event of its own', async () => {
  const tenant = await rig.tenant({ deliver_within_seconds: 2 });
  const answer = Promise.withResolvers<Reply>();
  tenant.receiver.answer((received) => (eventOf(received).type === 'message.received' ? answer.promise : 200));
  const file = await lateFile(tenant);
  rig.clock.advance(2 * second);
  expect(states(await tenant.receiver.next(about(file.carrierMessageId)))).toEqual(['pending']);
  await refused(tenant, 2);
  rig.sandbox.clearFaults();
  rig.clock.advance(10 * second);
  await captured(tenant, 'stored');
  const told = eventOf(await tenant.receiver.next(about(file.carrierMessageId, 'media.stored')));
  expect(told.data.media).toMatchObject({ state: 'stored', sha256: file.sha256 });
  answer.resolve(200);
});

test('a message whose first delivery failed without the file brings it with the next, and the event of its own comes as well', async () => {
  const tenant = await rig.tenant({ deliver_within_seconds: 2 });
  tenant.receiver.answer(500);
  const file = await lateFile(tenant);
  rig.clock.advance(2 * second);
  await tenant.receiver.next(about(file.carrierMessageId));
  const { id } = await newestDelivery(rig, tenant);
  await attempted(rig, id, 1);
  await refused(tenant, 2);
  tenant.receiver.answer(200);
  rig.sandbox.clearFaults();
  rig.clock.advance(2 * second);
  await captured(tenant, 'stored');
  const told = eventOf(await tenant.receiver.next(about(file.carrierMessageId, 'media.stored')));
  expect(told.data.media).toMatchObject({ state: 'stored' });
  rig.clock.advance(5 * second);
  await attempted(rig, id, 2);
  const tries = tenant.receiver.received.filter(about(file.carrierMessageId)).map(states);
  expect(tries).toEqual([['pending'], ['stored']]);
});

test('each app waits for a late file as long as it was told: one a second, the other until it is there', async () => {
  const [hasty, patient] = [
    await rig.tenant({ deliver_within_seconds: 1 }),
    await rig.tenant({ deliver_within_seconds: 86_400 }),
  ];
  const [early, whole] = [await lateFile(hasty), await lateFile(patient)];
  rig.clock.advance(second);
  expect(states(await hasty.receiver.next(about(early.carrierMessageId)))).toEqual(['pending']);
  await refused(patient, 2);
  rig.clock.advance(10 * minute);
  await refused(patient, 3);
  rig.sandbox.clearFaults();
  rig.clock.advance(15 * minute);
  expect(states(await patient.receiver.next(about(whole.carrierMessageId)))).toEqual(['stored']);
  expect(patient.receiver.received).toHaveLength(1);
});
