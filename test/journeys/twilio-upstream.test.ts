// What mediadock asks of Twilio on its own: messages that no webhook brought, and the deletion of copies.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { about, type Body, fixture, messageOf, sha256Of } from './rig.ts';
import { authToken, from, startTwilioRig, type TwilioRig, type TwilioTenant } from './twilio-rig.ts';

const minute = 60_000;
const hour = 60 * minute;

let at: TwilioRig;
let tenant: TwilioTenant;
beforeAll(async () => {
  at = await startTwilioRig({}, { reconcile_hours: 24, delete_after_capture: true });
  tenant = await at.tenant('+15558675310');
  await look();
});
afterAll(() => at.close());

let photos = 0;
const photo = () => ({
  bytes: (async function* () {
    yield await readFile(fixture('label.png'));
    yield Buffer.from(`upstream ${++photos}`);
  })(),
  type: 'image/png',
});

const lost = (more: object = {}) => at.twilio.take({ from, to: tenant.address, body: 'lost', ...more });
const looks = () =>
  at.rig.log.lines.filter(({ msg, connection }) => msg === 'reconciliation' && connection === at.connectionId);
let told = 0;
/** What a look found that was due since the last, be it this one or the one that a gateway has every minute. */
const look = async () => {
  await at.rig.gateway.sweep();
  const [found] = looks().slice(told);
  told = looks().length;
  return found;
};
const journal = async (): Promise<Body[]> => (await at.rig.call('GET', '/api/v1/journal?limit=200')).body.data;

test('a message whose webhook was lost is brought in within the hour, whole, once, under a journal entry of its own', async () => {
  const composed = await lost({ files: [photo(), photo()] });
  const came = await at.hear(tenant, { body: 'came' });
  const before = (await journal()).length;
  at.rig.clock.advance(hour + 11 * minute);
  expect(await look()).toMatchObject({ outcome: 'done', listed: 2, broughtIn: 1 });
  const heard = await at.heard(tenant, composed);
  expect(heard).toMatchObject({
    text: 'lost',
    kind: 'image',
    verified: true,
    contact: { phone: '+15017122661' },
  });
  expect(Math.abs(Date.parse(heard.sent_at) - composed.message.sentAt)).toBeLessThan(1000);
  const hashes = await Promise.all(
    heard.media.map(async ({ url }: Body) => sha256Of(await (await fetch(url)).arrayBuffer())),
  );
  expect(hashes).toEqual(composed.message.media.map(({ sha256 }) => sha256));

  const entries = await journal();
  expect(entries).toHaveLength(before + 1);
  const entry = await at.rig.call('GET', `/api/v1/journal/${entries[0].id}`);
  expect(JSON.stringify(entry.body)).toContain('reconciliation');
  // Read again, it tells the same.
  expect((await at.rig.call('POST', `/api/v1/journal/${entries[0].id}/replay`)).body).toMatchObject({
    created: 0,
    duplicates: 1,
  });

  at.rig.clock.advance(hour);
  expect(await look()).toMatchObject({ outcome: 'done', broughtIn: 0 });
  expect(tenant.receiver.received.filter(about(composed.message.sid))).toHaveLength(1);
  expect(tenant.receiver.received.filter(about(came.message.sid))).toHaveLength(1);
});

test('a webhook that comes late is a duplicate of what was brought in', async () => {
  const composed = await lost();
  at.rig.clock.advance(hour + 11 * minute);
  expect(await look()).toMatchObject({ broughtIn: 1 });
  expect((await at.twilio.post(at.intakeUrl(), composed.parameters)).status).toBe(200);
  expect((await journal())[0]).toMatchObject({ messages: 0, duplicates: 1 });
});

test('what came less than ten minutes ago, or to nobody here, is left alone', async () => {
  await lost({ to: '+15550009999' });
  at.rig.clock.advance(hour);
  await lost();
  expect(await look()).toMatchObject({ outcome: 'done', broughtIn: 0 });
  at.rig.clock.advance(hour);
  expect(await look()).toMatchObject({ outcome: 'done', broughtIn: 1 });
});

test('several pages are read to their end', async () => {
  for (let nth = 0; nth < 120; nth++) await lost();
  at.rig.clock.advance(hour + 11 * minute);
  expect(await look()).toMatchObject({ outcome: 'done', broughtIn: 120 });
});

test('a look that Twilio refuses says why, and is repeated after five minutes over the same span', async () => {
  at.rig.clock.advance(hour);
  await look();
  const composed = await lost();
  at.twilio.replaceTokens(['another']);
  at.rig.clock.advance(hour + 11 * minute);
  expect(await look()).toMatchObject({ outcome: 'failed', reason: 'carrier_20003', level: 'warn' });
  at.twilio.replaceTokens([authToken]);
  expect(await look()).toBeUndefined();
  at.rig.clock.advance(5 * minute);
  expect(await look()).toMatchObject({ outcome: 'done', broughtIn: 1 });
  await at.heard(tenant, composed);
});

test('a copy at Twilio goes once ours is durable, and not before', async () => {
  const { message, heard } = await at.hear(tenant, { files: [photo()] });
  const [media] = message.media;
  const id = media?.id ?? '';
  await at.rig.log.next(
    ({ msg, media, outcome }) => msg === "the carrier's copy" && media === heard.media[0].id && outcome === 'dropped',
  );
  expect(at.twilio.has(id)).toBe(false);
  const asked = at.twilio.requests
    .filter(({ mediaSid }) => mediaSid === id)
    .map(({ method, host }) => `${method} ${host}`);
  expect(asked).toEqual(['GET api', 'GET store', 'DELETE api']);
  expect(await sha256Of(await (await fetch(heard.media[0].url)).arrayBuffer())).toBe(media?.sha256);
});

test('a deletion that fails harms nothing and is repeated', async () => {
  const composed = await at.twilio.take({ from, to: tenant.address, files: [photo()] });
  const id = composed.message.media[0]?.id ?? '';
  at.twilio.fault(id, { at: 'deletion', is: 'error', status: 500, code: 20500 }, 1);
  await at.twilio.post(at.intakeUrl(), composed.parameters);
  const { media } = await at.heard(tenant, composed);
  const about = (outcome: string) => (line: { msg: string; media?: unknown; outcome?: unknown }) =>
    line.msg === "the carrier's copy" && line.media === media[0].id && line.outcome === outcome;
  expect(await at.rig.log.next(about('retry'))).toMatchObject({ level: 'warn', reason: 'link_500' });
  expect(at.twilio.has(id)).toBe(true);
  await at.rig.gateway.sweep();
  expect(at.rig.log.lines.filter(about('dropped'))).toHaveLength(1);
  expect(at.twilio.has(id)).toBe(false);
});

test('a copy that was left when the process ended is found by the next look', async () => {
  const composed = await at.twilio.take({ from, to: tenant.address, files: [photo()] });
  const id = composed.message.media[0]?.id ?? '';
  at.twilio.fault(id, { at: 'deletion', is: 'error', status: 500, code: 20500 }, 1);
  await at.twilio.post(at.intakeUrl(), composed.parameters);
  const { media } = await at.heard(tenant, composed);
  await at.rig.log.next(
    ({ msg, media: one, outcome }) => msg === "the carrier's copy" && one === media[0].id && outcome === 'retry',
  );
  await at.rig.restart();
  at.rig.clock.advance(11 * minute);
  await at.rig.gateway.sweep();
  expect(at.twilio.has(id)).toBe(false);
});

test('by default no copy is deleted, and nothing is asked with reconcile_hours at 0', async () => {
  const other = await startTwilioRig({}, { reconcile_hours: 0 });
  try {
    const own = await other.tenant('+15550000001');
    const { message, heard } = await other.hear(own, { files: [photo()] });
    expect(heard.media[0].state).toBe('stored');
    await other.twilio.take({ from, to: own.address });
    other.rig.clock.advance(2 * hour);
    await other.rig.gateway.sweep();
    expect(other.twilio.has(message.media[0]?.id ?? '')).toBe(true);
    expect(other.twilio.requests.map(({ method }) => method)).not.toContain('DELETE');
    expect(other.twilio.requests.filter(({ path }) => path.endsWith('Messages.json'))).toEqual([]);
  } finally {
    await other.close();
  }
});

test('what was heard is the same by whichever way it came', async () => {
  const composed = await lost({ body: 'twice', files: [photo()] });
  at.rig.clock.advance(hour + 11 * minute);
  await look();
  const byList = await at.heard(tenant, composed);
  const byWebhook = messageOf(
    await tenant.receiver.next(about((await at.hear(tenant, { body: 'twice', files: [photo()] })).message.sid)),
  );
  const plain = ({ kind, text, direction, origin, context, contact }: Body) => ({
    kind,
    text,
    direction,
    origin,
    context,
    contact,
  });
  expect(plain(byList)).toEqual(plain(byWebhook));
});
