// RCS Business Messaging from push to delivery: every kind of message, files with their thumbnails, and who may push at all.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rcsContents } from '../../src/sandbox/rcs/events.ts';
import { startReceiver } from '../../src/sandbox/receiver.ts';
import { linkedSha256, photo } from './announced.ts';
import { agreed } from './hearing.ts';
import { agentId, clientToken, expectNothingOfRcsLeaked, type RcsRig, startRcsRig } from './rcs-rig.ts';
import { about, type Body, eventsAfter, fixture, sha256Of } from './rig.ts';

let rcs: RcsRig;
beforeAll(async () => {
  rcs = await startRcsRig();
});
afterAll(() => rcs.close());

const newestEntry = async (): Promise<Body> => (await rcs.rig.call('GET', '/api/v1/journal?limit=1')).body.data[0];
const eventCount = async (): Promise<number> => (await eventsAfter(rcs.rig, rcs.tenant)).events.length;

const files: [file: string, kind: string, type: string][] = [
  ['accident.jpg', 'image', 'image/jpeg'],
  ['label.png', 'image', 'image/png'],
  ['voice.m4a', 'audio', 'audio/mp4'],
  ['voice.mp3', 'audio', 'audio/mpeg'],
  ['video.mp4', 'video', 'video/mp4'],
  ['video.3gp', 'video', 'video/3gpp'],
  ['contract.pdf', 'document', 'application/pdf'],
  ['contact.vcf', 'document', 'text/vcard'],
  ['page.html', 'document', 'text/html'],
];

describe.each(files)('%s', (name, kind, type) => {
  test(`arrives as ${kind} and downloads with the same bytes`, async () => {
    const { google, rig, tenant } = rcs;
    const sha256 = await sha256Of(new Uint8Array(await readFile(fixture(name))).buffer);
    const sent = await google.send(rcs.intakeUrl(), { file: { path: fixture(name), type, fileName: name } });
    expect(sent.answer.status).toBe(200);
    const message = await agreed(rig, tenant, await tenant.receiver.next(about(sent.messageId)));
    expect(message).toMatchObject({
      carrier: 'rcs',
      kind,
      text: null,
      direction: 'inbound',
      contact: { phone: '+12223334444' },
      channel: { id: rcs.channelId },
      media: [{ kind, type, state: 'stored', file_name: name, sha256, integrity: 'unchecked', thumbnail_of: null }],
    });
    expect(await linkedSha256(message.media[0].url)).toBe(sha256);
  });
});

test('a picture and its thumbnail are two files, each with its own bytes, and the thumbnail names its picture', async () => {
  const { google } = rcs;
  const sent = await google.send(rcs.intakeUrl(), {
    file: { path: fixture('accident.jpg'), fileName: 'accident.jpg' },
    thumbnail: { bytes: photo(), type: 'image/png', fileName: 'small.png' },
  });
  const { media } = await rcs.heard(sent.messageId);
  expect(media).toMatchObject([
    { state: 'stored', type: 'image/jpeg', sha256: sent.file.media.sha256, thumbnail_of: null },
    { state: 'stored', type: 'image/png', sha256: sent.thumbnail?.media.sha256, thumbnail_of: 0 },
  ]);
  expect(await linkedSha256(media[1].url)).toBe(sent.thumbnail?.media.sha256);
});

test('a picture is not kept waiting by a thumbnail that cannot be had', async () => {
  const { google, rig } = rcs;
  const file = await google.keep({ bytes: photo(), type: 'image/png' });
  const thumbnail = { ...file, uri: 'https://evil.example/small.png' };
  const { messageId, event } = google.events.message(rcsContents.file(file, thumbnail));
  expect(await rcs.push(event)).toMatchObject({ status: 200 });
  const { media } = await rcs.heard(messageId);
  expect(media).toMatchObject([{ state: 'stored' }, { state: 'unavailable', reason: 'media_url_refused' }]);
  expect(rig.log.lines.some((line) => JSON.stringify(line).includes('evil.example'))).toBe(false);
});

test.each([
  ['a text', rcsContents.text('Grüße 👋'), { kind: 'text', text: 'Grüße 👋', content: null }],
  [
    'a location',
    rcsContents.location(37.422, -122.084058),
    { kind: 'location', content: { location: { latitude: 37.422, longitude: -122.084058 } } },
  ],
  [
    'the answer to a suggestion',
    rcsContents.reply('id_of_reply', 'Yes, please'),
    {
      kind: 'button',
      text: 'Yes, please',
      content: { button: { payload: 'id_of_reply', text: 'Yes, please', type: 'REPLY' } },
    },
  ],
  ['a kind to come', { hologram: { depth: 3 } }, { kind: 'unknown', raw: { hologram: { depth: 3 } } }],
])('%s is delivered with what it says and without media', async (_, content, expected) => {
  const { google, rig, tenant } = rcs;
  const { messageId, event } = google.events.message(content);
  expect(await rcs.push(event)).toMatchObject({ status: 200 });
  const message = await agreed(rig, tenant, await tenant.receiver.next(about(messageId)));
  expect(message).toMatchObject({ carrier: 'rcs', media: [], ...expected });
});

test('an older envelope, without attributes, is read as well', async () => {
  const { messageId, event } = rcs.google.events.message(rcsContents.text('older'));
  expect(await rcs.push(event, { envelope: 'older' })).toMatchObject({ status: 200 });
  expect(await rcs.heard(messageId)).toMatchObject({ text: 'older' });
});

/** What marks a picture of an RCS user in each vendor's format. */
const inDialects: [dialect: string, picture: object][] = [
  ['qlara', { channel: 'RCS', content: { type: 'IMAGE', mimeType: 'image/jpeg' } }],
  ['chirp', { event: 'messages.sms.received', data: { message: { mediaIds: [expect.any(String)] } } }],
  ['onprem', { messages: [{ from: '12223334444', type: 'image' }] }],
  ['pipes', { pipes: { media: { mimeType: 'image/jpeg' } } }],
  ['wa-server', { payload: { type: 'image', file_name: 'accident.jpg' } }],
];

test.each(inDialects)(
  'an application that speaks %s is told of a picture in its own words',
  async (dialect, picture) => {
    const { google, rig, tenant } = rcs;
    const receiver = await startReceiver({ clock: rig.clock });
    try {
      const path = `/api/v1/apps/${tenant.appId}/endpoints`;
      const made = await rig.call('POST', path, { url: receiver.url, dialect });
      expect(made.status).toBe(201);
      const file = { path: fixture('accident.jpg'), fileName: 'accident.jpg' };
      const sent = await google.send(rcs.intakeUrl(), { file, thumbnail: { bytes: photo(), type: 'image/png' } });
      await rcs.heard(sent.messageId);
      expect((await receiver.next(() => true)).json).toMatchObject(picture);
      await rig.call('DELETE', `${path}/${made.body.id}`);
    } finally {
      await receiver.close();
    }
  },
);

test('receipts, typing, subscriptions and events of types to come are counted, and nobody is told', async () => {
  const { events } = rcs.google;
  const before = await eventCount();
  const all = [
    ...['DELIVERED', 'READ'].map((type) => events.userEvent(type, 'M1')),
    ...['IS_TYPING', 'SUBSCRIBE', 'UNSUBSCRIBE', 'LATER'].map((type) => events.userEvent(type)),
    events.serverEvent('TTL_EXPIRATION_REVOKED'),
  ];
  for (const event of all) {
    expect(await rcs.push(event)).toMatchObject({ status: 200 });
    expect(await newestEntry()).toMatchObject({ statuses: 1, messages: 0, unparsed: 0, unrouted: 0 });
  }
  expect(await eventCount()).toBe(before);
});

test('a push that is tried again, or published again under another id, is one message', async () => {
  const { messageId, event } = rcs.google.events.message(rcsContents.text('once'));
  const same = { publicationId: '6267774379637729' };
  for (const how of [same, same, { publicationId: '7267774379637729' }]) {
    expect(await rcs.push(event, how)).toMatchObject({ status: 200 });
  }
  expect(await newestEntry()).toMatchObject({ duplicates: 1, messages: 0 });
  await rcs.heard(messageId);
  const list = await rcs.rig.call('GET', '/api/v1/messages?limit=200', undefined, rcs.tenant.key);
  expect(list.body.data.filter((one: Body) => one.carrier_message_id === messageId)).toHaveLength(1);
});

test('the same id from the phones of two senders is two messages', async () => {
  const from = ['+4915110000001', '+4915110000002'];
  for (const one of from) {
    const { event } = rcs.google.events.message(rcsContents.text(`from ${one}`), { from: one, messageId: 'M-of-both' });
    expect(await rcs.push(event)).toMatchObject({ status: 200 });
  }
  const list = await rcs.rig.call('GET', '/api/v1/messages?limit=200', undefined, rcs.tenant.key);
  const both = list.body.data.filter((one: Body) => one.carrier_message_id === 'M-of-both');
  expect(both.map(({ contact }: Body) => contact.phone).sort()).toEqual(from);
});

test('what is pushed for an agent that no channel has is kept as unrouted', async () => {
  const { event } = rcs.google.events.message(rcsContents.text('for whom?'));
  expect(await rcs.push({ ...event, agentId: 'nobody@rbm.goog' })).toMatchObject({ status: 200 });
  expect(await newestEntry()).toMatchObject({ unrouted: 1, messages: 0 });
});

test('signed data that cannot be read are kept as unparsed, so that Google does not push them for a week', async () => {
  for (const data of ['{"cut":', '[]', JSON.stringify({ agentId, text: 'without id' })]) {
    expect(await rcs.push({}, { data })).toMatchObject({ status: 200 });
    expect(await newestEntry()).toMatchObject({ unparsed: 1, messages: 0 });
  }
});

test.each([
  ['missing', 'signature_missing'],
  ['wrong', 'signature_wrong'],
  ['over_base64', 'signature_wrong'],
  ['over_body', 'signature_wrong'],
] as const)('a push whose signature is %s is refused and leaves no trace', async (signature, code) => {
  const before = await newestEntry();
  const { event } = rcs.google.events.message(rcsContents.text('forged'));
  const answer = await rcs.push(event, { signature });
  expect(answer.status).toBe(401);
  expect(JSON.parse(answer.body)).toMatchObject({ code });
  expect((await newestEntry()).id).toBe(before.id);
});

test('a handshake is answered with its secret for the right token only', async () => {
  const { google } = rcs;
  expect(await google.handshake(rcs.intakeUrl(), clientToken, '1234567890')).toMatchObject({
    status: 200,
    body: '1234567890',
  });
  expect(await google.handshake(rcs.intakeUrl(), 'guess', '1234567890')).toMatchObject({ status: 403 });
});

test('a client token is rotated without a push being lost', async () => {
  const { google, rig, connectionId } = rcs;
  const use = async (client_token: string | string[]) => {
    const { status } = await rig.call('PATCH', `/api/v1/connections/${connectionId}`, { client_token });
    expect(status).toBe(200);
  };
  const text = () => google.events.message(rcsContents.text('rotating')).event;
  await use(['the-newer', clientToken]);
  expect(await rcs.push(text())).toMatchObject({ status: 200 });
  expect(await rcs.push(text(), { clientToken: 'the-newer' })).toMatchObject({ status: 200 });
  await use('the-newer');
  expect(await rcs.push(text())).toMatchObject({ status: 401 });
  await use(clientToken);
});

test('no consumer is shown the address of a file, which is all that protects it', async () => {
  const announced = await rcs.announce();
  await announced.delivered();
  const shown = JSON.stringify([
    (await rcs.rig.call('GET', '/api/v1/messages?limit=200', undefined, rcs.tenant.key)).body,
    (await eventsAfter(rcs.rig, rcs.tenant)).events,
    rcs.tenant.receiver.received.map(({ json }) => json),
  ]);
  expect(shown).not.toContain(announced.file.media.id);
});

test('in all of this nothing secret left the gateway or stands in its log', () => {
  expectNothingOfRcsLeaked(rcs);
});
