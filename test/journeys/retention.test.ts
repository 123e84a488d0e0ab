// How long files are kept: by the app, its organization or the instance; what prolongs it; and that the bytes go for good.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Received } from '../../src/sandbox/receiver.ts';
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
  startRig,
  type Tenant,
} from './rig.ts';

const hour = 3_600_000;
const day = 24 * hour;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ MEDIADOCK_MEDIA_RETENTION_DAYS: '10', MEDIADOCK_LINK_SECONDS: String(100 * 86_400) });
});
afterAll(() => rig.close());

/** Files on the disk of the gateway. */
async function kept(): Promise<string[]> {
  const entries = await readdir(join(rig.config.dataDir, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

/** Resolves when so many files were removed since the test began. */
function removals(times: number) {
  const before = rig.log.lines.length;
  return async () => {
    const gone = () => rig.log.lines.slice(before).filter(({ msg }) => msg === 'removal').length;
    await rig.log.next(() => gone() >= times);
  };
}

/** A stored file, as the application heard of it; nothing of it is under way any more. */
async function stored(tenant: Tenant, text: string): Promise<Body> {
  const [sent] = await rig.send(tenant, [{ bytes: bytesOf(text), type: 'text/plain' }]);
  return await heardOf(tenant, sent?.messageId ?? '');
}

/** The media of a message, once its delivery is over. */
async function heardOf(tenant: Tenant, carrierMessageId: string): Promise<Body> {
  const delivered = await tenant.receiver.next(about(carrierMessageId));
  const { body } = await rig.call('GET', '/api/v1/deliveries?limit=200', undefined, tenant.key);
  await attempted(rig, body.data.find((row: Body) => row.event_id === eventOf(delivered).id).id, 1);
  return messageOf(delivered).media[0];
}

const read = async (tenant: Tenant, { id }: Body): Promise<Body> =>
  (await rig.call('GET', `/api/v1/media/${id}`, undefined, tenant.key)).body;

/** What the link, the API and its bytes answer. */
async function statuses(tenant: Tenant, { id, url }: Body) {
  const link = await fetch(url);
  await link.arrayBuffer();
  const content = await rig.call('GET', `/api/v1/media/${id}/content?proxy=1`, undefined, tenant.key);
  return { link: link.status, content: content.status };
}
const alive = { link: 200, content: 200 };
const gone = { link: 410, content: 410 };

const tells =
  (type: string, { id }: Body) =>
  (received: Received) =>
    eventOf(received).type === type && eventOf(received).data.media.id === id;

/** Resolves when so many captures of a tenant's channel came to this. */
async function captured(tenant: Tenant, outcome: string, times = 1): Promise<void> {
  let seen = 0;
  const fits = (line: LogLine) =>
    line.msg === 'capture' && line['channel'] === tenant.channelId && line['outcome'] === outcome;
  await rig.log.next((line) => fits(line) && ++seen === times);
}

const setApp = async (tenant: Tenant, set: object) =>
  expect((await rig.call('PATCH', `/api/v1/apps/${tenant.appId}`, set)).status).toBe(200);

async function organization(days: number | null): Promise<string> {
  return (await rig.call('POST', '/api/v1/organizations', { name: 'Insurers', media_retention_days: days })).body.id;
}

/** The settings that can say it, from the narrowest to the widest, and what then counts. */
const settings: { whose: string; app: object; days: number | null; lasts: number }[] = [
  { whose: "the app's seconds", app: { media_retention_seconds: 7200 }, days: 2, lasts: 2 * hour },
  { whose: "the organization's days", app: {}, days: 2, lasts: 2 * day },
  { whose: "the instance's days", app: {}, days: null, lasts: 10 * day },
];

test.each(settings)(
  'by $whose a file is gone for everybody when its time is over, and its bytes with the next sweep',
  async ({ app, days, lasts }) => {
    const tenant = await rig.tenant({ ...app, organization_id: await organization(days) });
    const before = await kept();
    const media = await stored(tenant, `kept for ${lasts}`);
    expect(Date.parse(media.expires_at) - Date.parse(media.received_at)).toBe(lasts);
    await rig.gateway.sweep();
    expect(await statuses(tenant, media)).toEqual(alive);

    rig.clock.advance(Date.parse(media.expires_at) - rig.clock.now() - 60_000);
    await rig.gateway.sweep();
    expect(await statuses(tenant, media)).toEqual(alive);
    rig.clock.advance(61_000);
    // Nobody has swept yet.
    expect(await statuses(tenant, media)).toEqual(gone);
    expect(await read(tenant, media)).toMatchObject({ state: 'expired', url: null });

    const removed = removals(1);
    await rig.gateway.sweep();
    const told = eventOf(await tenant.receiver.next(tells('media.expired', media)));
    expect(told.data).toMatchObject({ media: { id: media.id, state: 'expired', url: null, sha256: media.sha256 } });
    expect(told.data.message.id).toBe(media.message_id);
    await removed();
    expect(await kept()).toEqual(before);
    expect(await statuses(tenant, media)).toEqual(gone);
    await rig.gateway.sweep();
    const { events } = await eventsAfter(rig, tenant);
    expect(events.filter(({ type }) => type === 'media.expired')).toHaveLength(1);
  },
);

test('a changed setting acts at once, in both directions, as long as nothing was swept', async () => {
  const organization_id = await organization(5);
  const tenant = await rig.tenant({ organization_id });
  const media = await stored(tenant, 'a matter of settings');
  rig.clock.advance(2 * day);
  expect(await statuses(tenant, media)).toEqual(alive);
  await setApp(tenant, { media_retention_seconds: 86_400 });
  expect(await statuses(tenant, media)).toEqual(gone);
  await setApp(tenant, { media_retention_seconds: null });
  expect(await statuses(tenant, media)).toEqual(alive);
  await rig.call('PATCH', `/api/v1/organizations/${organization_id}`, { media_retention_days: 1 });
  expect(await statuses(tenant, media)).toEqual(gone);
  const removed = removals(1);
  await rig.gateway.sweep();
  await tenant.receiver.next(tells('media.expired', media));
  // What was swept does not come back.
  await rig.call('PATCH', `/api/v1/organizations/${organization_id}`, { media_retention_days: 50 });
  expect(await statuses(tenant, media)).toEqual(gone);
  // Whoever counts the files on the disk next must not meet this one.
  await removed();
});

test('a deleted file is gone at once, and its bytes from the disk', async () => {
  const tenant = await rig.tenant();
  const before = await kept();
  const media = await stored(tenant, 'forget me');
  expect(await kept()).toHaveLength(before.length + 1);
  const removed = removals(1);
  const deleted = await rig.call('DELETE', `/api/v1/media/${media.id}`, undefined, tenant.key);
  expect(deleted.status).toBeLessThan(300);
  expect(await statuses(tenant, media)).toEqual(gone);
  const told = eventOf(await tenant.receiver.next(tells('media.deleted', media)));
  expect(told.data.media).toMatchObject({ state: 'deleted', file_name: null, caption: null, url: null });
  await removed();
  expect(await kept()).toEqual(before);
});

test('bytes that two files share stay until the second of them goes', async () => {
  const tenant = await rig.tenant();
  const before = await kept();
  const [one, two] = [await stored(tenant, 'twice the same'), await stored(tenant, 'twice the same')];
  // The second object is dropped once it is known that the first holds the same.
  await rig.log.next(
    ({ msg, ...line }) => msg === 'capture' && line['media'] === two.id && line['deduplicated'] === true,
  );
  await expect.poll(kept).toHaveLength(before.length + 1);
  await rig.call('DELETE', `/api/v1/media/${one.id}`, undefined, tenant.key);
  await rig.gateway.sweep();
  expect(await statuses(tenant, one)).toEqual(gone);
  expect(await (await fetch(two.url)).text()).toBe('twice the same');
  const removed = removals(1);
  await rig.call('DELETE', `/api/v1/media/${two.id}`, undefined, tenant.key);
  await removed();
  expect(await kept()).toEqual(before);

  // The same bytes again are kept again.
  const three = await stored(tenant, 'twice the same');
  expect(await (await fetch(three.url)).text()).toBe('twice the same');
});

test('the same bytes in two apps are two files: what one deletes, the other keeps', async () => {
  const [mine, yours] = [await rig.tenant(), await rig.tenant()];
  const [one, two] = [await stored(mine, 'everybody has it'), await stored(yours, 'everybody has it')];
  const removed = removals(1);
  await rig.call('DELETE', `/api/v1/media/${one.id}`, undefined, mine.key);
  await removed();
  expect(await (await fetch(two.url)).text()).toBe('everybody has it');
});

test('a file whose message still waits to be delivered is kept, and can be fetched once it is', async () => {
  const tenant = await rig.tenant({ media_retention_seconds: 3600 });
  tenant.receiver.answer(500);
  const [sent] = await rig.send(tenant, [{ bytes: bytesOf('worth the wait'), type: 'text/plain' }]);
  await tenant.receiver.next(about(sent?.messageId ?? ''));
  const { id } = await newestDelivery(rig, tenant);
  for (const attempt of [1, 2, 3]) {
    await attempted(rig, id, attempt);
    rig.clock.advance(30 * 60_000);
    await rig.gateway.sweep();
  }
  await attempted(rig, id, 4);
  tenant.receiver.answer(200);
  rig.clock.advance(2 * hour);
  await attempted(rig, id, 5);
  const [media] = messageOf(tenant.receiver.received.at(-1)!).media;
  expect(media).toMatchObject({ state: 'stored' });
  await rig.gateway.sweep();
  expect(await (await fetch(media.url)).text()).toBe('worth the wait');
});

test('a file waits for a delivery seven days at most', async () => {
  const tenant = await rig.tenant({ media_retention_seconds: 3600 });
  const media = await stored(tenant, 'waits a week');
  const endpoint = `/api/v1/apps/${tenant.appId}/endpoints/${tenant.endpointId}`;
  await rig.call('PATCH', endpoint, { state: 'paused' }, tenant.key);
  const [sent] = await rig.send(tenant, [{ bytes: bytesOf('waits too'), type: 'text/plain' }]);
  await captured(tenant, 'stored', 2);
  rig.clock.advance(7 * day);
  await rig.gateway.sweep();
  expect(await statuses(tenant, media)).toEqual(gone);
  const list = await rig.call('GET', '/api/v1/media?state=stored', undefined, tenant.key);
  expect(list.body.data).toHaveLength(1);
  rig.clock.advance(2 * hour);
  await rig.gateway.sweep();
  await rig.call('PATCH', endpoint, { state: 'active' }, tenant.key);
  const late = messageOf(await tenant.receiver.next(about(sent?.messageId ?? '')));
  expect(late.media).toMatchObject([{ state: 'expired', url: null }]);
});

test('what is still being fetched does not expire, and what could not be fetched does', async () => {
  const tenant = await rig.tenant({ media_retention_seconds: 3600 });
  const lost = await rig.sandbox.keep(tenant.phoneNumberId, { bytes: bytesOf('lost') }, { type: 'text/plain' });
  rig.sandbox.fault(lost.id, { at: 'look_up', is: 'graph_error', code: 131_052 });
  const late = await rig.sandbox.keep(tenant.phoneNumberId, { bytes: bytesOf('late') }, { type: 'text/plain' });
  rig.sandbox.fault(late.id, { at: 'look_up', is: 'status', status: 500 });
  const { compose } = rig.sandbox;
  const messages = [lost, late].map((media) => compose.message(compose.media(media, { url: 'missing' })));
  await rig.post(compose.body([compose.received(tenant.phoneNumberId, messages)]));
  const unavailable = await heardOf(tenant, messages[0]?.id ?? '');
  await captured(tenant, 'retry');
  rig.clock.advance(2 * hour);
  await rig.gateway.sweep();
  await tenant.receiver.next(tells('media.expired', unavailable));
  const pending = messageOf(await tenant.receiver.next(about(messages[1]?.id ?? ''))).media[0];
  expect(pending).toMatchObject({ state: 'pending' });
  rig.sandbox.clearFaults();
  rig.clock.advance(hour);
  const found = eventOf(await tenant.receiver.next(tells('media.stored', pending)));
  expect(found.data.media.sha256).toBe(late.sha256);
});
