// Many items at once, and the same item many times: each counts once, and none in the way of another.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Message } from '../../src/sandbox/compose/composer.ts';
import { contents } from '../../src/sandbox/compose/contents.ts';
import { about, type Body, bytesOf, eventsAfter, messageOf, type Rig, startRig, type Tenant } from './rig.ts';

/** Of all threads of this process, the gateway's among them: what a busy machine does meanwhile does not count. */
const mostWorkMicros = 2_000_000;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  rig.clock.hold();
});
afterAll(() => rig.close());

const keep = (tenant: Tenant, text: string) =>
  rig.sandbox.keep(tenant.phoneNumberId, { bytes: bytesOf(text) }, { type: 'text/plain', fileName: 'note.txt' });

const bodyOf = (tenant: Tenant, messages: readonly Message[]) =>
  rig.sandbox.compose.body([rig.sandbox.compose.received(tenant.phoneNumberId, messages)]);

/** Everything of a list, page by page. */
async function all(path: string, key: string): Promise<Body[]> {
  const rows: Body[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await rig.call('GET', `${path}?limit=200${cursor}`, undefined, key);
    rows.push(...body.data);
    if (body.next === null) return rows;
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}

/** What a tenant has and has heard, counted. */
async function counts(tenant: Tenant) {
  const [messages, media, deliveries] = await Promise.all(
    ['messages', 'media', 'deliveries'].map((list) => all(`/api/v1/${list}`, tenant.key)),
  );
  const { events } = await eventsAfter(rig, tenant);
  return {
    messages: messages?.length,
    media: media?.length,
    events: events.length,
    deliveries: deliveries?.length,
    heard: tenant.receiver.received.length,
  };
}

const captured = (mediaId: string, outcome: string) =>
  rig.log.next((line) => line.msg === 'capture' && line['media'] === mediaId && line['outcome'] === outcome);

test('of 1001 items for three apps in one POST, a poisoned and an unrouted one are set aside with less than two seconds of work, and 999 arrive once each where they belong', async () => {
  const { compose } = rig.sandbox;
  const tenants = [await rig.tenant(), await rig.tenant(), await rig.tenant()];
  const stranger = '999000111222333';
  rig.sandbox.addNumber({
    phoneNumberId: stranger,
    display: '15550000000',
    accessToken: 'EAAG-of-nobody',
    appSecret: rig.connection.appSecret,
  });
  const sent = new Map<Tenant, Message[]>();
  for (const [place, tenant] of tenants.entries()) {
    const messages = Array.from({ length: 333 }, (_, n) => compose.message(contents.text(`message ${n} of ${place}`)));
    for (let n = 0; n < 3; n++) messages[100 * n] = compose.message(compose.media(await keep(tenant, `${place} ${n}`)));
    sent.set(tenant, messages);
  }
  const [first = tenants[0]!, ...others] = tenants;
  const poisoned = compose.message(contents.text('poison'));
  poisoned.json['id'] = 'wamid.with\u0000nul';
  const withPoison = (sent.get(first) ?? []).toSpliced(200, 0, poisoned);
  const body = compose.body([
    compose.received(first.phoneNumberId, withPoison),
    compose.received(stranger, [compose.message(contents.text('for nobody'))]),
    ...others.map((tenant) => compose.received(tenant.phoneNumberId, sent.get(tenant) ?? [])),
  ]);

  const before = process.cpuUsage();
  const posted = await rig.post(body);
  expect(posted.status).toBe(200);
  expect(process.cpuUsage(before)).toSatisfy(({ user, system }) => user + system < mostWorkMicros);
  const [entry] = (await rig.call('GET', '/api/v1/journal?limit=1&only=unparsed')).body.data;
  expect(entry).toMatchObject({ messages: 999, unparsed: 1, unrouted: 1, duplicates: 0 });
  expect(entry.problems.join('\n')).toContain(`unrouted: ${stranger}`);

  for (const tenant of tenants) {
    const { receiver } = tenant;
    const wanted = (sent.get(tenant) ?? []).map(({ id }) => id).sort();
    for (let nth = 100; nth < wanted.length; nth += 100) await receiver.next(({ number }) => number === nth);
    await receiver.next(({ number }) => number === wanted.length);
    const heard = receiver.received.map((received) => messageOf(received));
    expect(heard.map((message) => message.carrier_message_id).sort()).toEqual(wanted);
    expect(new Set(heard.map((message) => message.app_id))).toEqual(new Set([tenant.appId]));
    expect(heard.filter(({ media }) => media.length > 0)).toMatchObject(
      Array.from({ length: 3 }, () => ({ media: [{ state: 'stored', integrity: 'verified' }] })),
    );
    expect(await counts(tenant)).toMatchObject({ messages: 333, media: 3, deliveries: 333, heard: 333 });
  }
});

test('fifty copies of a webhook at the same instant make one message, one download and one delivery', async () => {
  const tenant = await rig.tenant();
  const media = await keep(tenant, 'sent fifty times');
  const message = rig.sandbox.compose.message(rig.sandbox.compose.media(media));
  const body = rig.sandbox.escape(bodyOf(tenant, [message]));
  const { appSecret, intakeUrl } = rig.connection;
  const posted = await rig.sandbox.postCopies(50, intakeUrl, body, { secret: appSecret });
  expect(new Set(posted.map(({ status }) => status))).toEqual(new Set([200]));
  const delivered = messageOf(await tenant.receiver.next(about(message.id)));
  expect(delivered.media).toMatchObject([{ state: 'stored', sha256: media.sha256 }]);
  const once = { messages: 1, media: 1, deliveries: 1, heard: 1 };
  expect(await counts(tenant)).toMatchObject(once);
  expect(rig.sandbox.requests.filter(({ mediaId }) => mediaId === media.id)).toHaveLength(1);

  // The carrier repeats itself hours later.
  const before = await counts(tenant);
  expect((await rig.post(bodyOf(tenant, [message]))).status).toBe(200);
  expect(await counts(tenant)).toEqual(before);
});

test('a message that stands twice in one POST is one message', async () => {
  const tenant = await rig.tenant();
  const message = rig.sandbox.compose.message(contents.text('stutter'));
  await rig.post(bodyOf(tenant, [message, message]));
  await tenant.receiver.next(about(message.id));
  expect(await counts(tenant)).toMatchObject({ messages: 1, events: 1, deliveries: 1 });
});

test('a duplicate that comes while the file is not fetched yet neither blocks nor doubles the next try', async () => {
  const tenant = await rig.tenant();
  const media = await keep(tenant, 'fetched at the second try');
  rig.sandbox.fault(media.id, { at: 'link', is: 'status', status: 500 }, 1);
  const message = rig.sandbox.compose.message(rig.sandbox.compose.media(media));
  await rig.post(bodyOf(tenant, [message]));
  const [{ id }] = (await rig.call('GET', '/api/v1/media', undefined, tenant.key)).body.data;
  await captured(id, 'retry');
  expect((await rig.post(bodyOf(tenant, [message]))).status).toBe(200);
  rig.clock.advance(1000);
  expect(messageOf(await tenant.receiver.next(about(message.id))).media).toMatchObject([{ id, state: 'stored' }]);
  expect(await counts(tenant)).toMatchObject({ messages: 1, media: 1, deliveries: 1, heard: 1 });
});

test('a duplicate of a message whose file could not be had changes nothing, and the file can still be fetched again', async () => {
  const tenant = await rig.tenant();
  const media = await keep(tenant, 'first refused, then found');
  rig.sandbox.fault(media.id, { at: 'look_up', is: 'graph_error', code: 131_052 }, 1);
  const message = rig.sandbox.compose.message(rig.sandbox.compose.media(media, { url: 'missing' }));
  await rig.post(bodyOf(tenant, [message]));
  const [lost] = messageOf(await tenant.receiver.next(about(message.id))).media;
  expect(lost).toMatchObject({ state: 'unavailable', url: null });
  const before = await counts(tenant);
  await rig.post(bodyOf(tenant, [message]));
  expect(await counts(tenant)).toEqual(before);

  const retried = await rig.call('POST', `/api/v1/media/${lost.id}/retry`, undefined, tenant.key);
  expect(retried.status).toBe(202);
  const stored = await tenant.receiver.next(about(message.id, 'media.stored'));
  expect(messageOf(stored).media).toMatchObject([{ id: lost.id, state: 'stored', sha256: media.sha256 }]);
});

test('a message with ten files is held until the last of them is stored', async () => {
  const tenant = await rig.tenant();
  const files = await Promise.all(Array.from({ length: 10 }, (_, n) => keep(tenant, `file ${n}`)));
  const late = files[4]!;
  rig.sandbox.fault(late.id, { at: 'link', is: 'stall', when: 'mid_body' }, 1);
  const picked = files.map(({ id, type, sha256 }) => ({ id, mime_type: type, sha256, file_name: `${id}.txt` }));
  const message = rig.sandbox.compose.message(contents.flowFiles('documents', picked));
  await rig.post(bodyOf(tenant, [message]));
  const rows: Body[] = (await rig.call('GET', '/api/v1/media', undefined, tenant.key)).body.data;
  await rig.sandbox.held(late.id);
  for (const row of rows) if (row.carrier_media_id !== late.id) await captured(row.id, 'stored');
  expect(tenant.receiver.received).toEqual([]);
  rig.sandbox.release(late.id);
  const delivered = messageOf(await tenant.receiver.next(about(message.id)));
  expect(delivered.media).toMatchObject(
    files.map(({ id, sha256 }, part) => ({ part, carrier_media_id: id, sha256, state: 'stored' })),
  );
  expect(await counts(tenant)).toMatchObject({ messages: 1, media: 10, deliveries: 1, heard: 1 });
});
