import { expect, test } from 'vitest';
import type { Links } from '../core/links.ts';
import { type Event, eventTypes, type Media, type Message } from '../core/model.ts';
import { dialects } from './registry.ts';

const native = dialects.get('native');
if (native === undefined) throw new Error('the native dialect is not registered');

const at = Date.UTC(2026, 2, 1, 10);
const minute = 60_000;

/** Links whose life counts from the moment they are made. */
const links: Links = {
  to: (media, now) => ({
    url: `https://dock.example/media/${media.id}.jpg?expires=${now + minute}`,
    expiresAt: now + minute,
  }),
};

const media: Media = {
  key: 7,
  id: 'med_000000000000000000000000001',
  appId: 'app_000000000000000000000000001',
  channelId: 'chn_000000000000000000000000001',
  messageId: 'msg_000000000000000000000000001',
  part: 0,
  kind: 'image',
  state: 'stored',
  reason: null,
  stateAt: at,
  carrierMediaId: '1037543291543',
  caption: 'Der Schaden \u2028 "links"',
  fileName: '../../etc/passwd',
  voice: false,
  animated: false,
  thumbnailOf: null,
  declaredType: 'image/jpeg; charset=binary',
  declaredSha256: 'ab'.repeat(32),
  declaredSize: null,
  servedType: 'image/jpeg',
  sniffedType: 'image/jpeg',
  type: 'image/jpeg',
  size: 123_456,
  sha256: 'ab'.repeat(32),
  integrity: 'verified',
  blob: 'app_000000000000000000000000001/blb_000000000000000000000000001',
  receivedAt: at,
  storedAt: at + 1_000,
  deadline: at + 1_000 * minute,
  expiresAt: null,
  heldUntil: null,
  linkSeconds: null,
  source: { url: 'https://lookaside.example/?token=carrier-secret' },
};

const message: Message = {
  key: 5,
  id: 'msg_000000000000000000000000001',
  appId: media.appId,
  channelId: 'chn_000000000000000000000000001',
  carrier: 'whatsapp-cloud',
  channelAddress: '106540352242922',
  channelDisplay: '+15550783881',
  conversationId: 'cnv_000000000000000000000000001',
  contact: {
    id: 'ctc_000000000000000000000000001',
    name: 'Ada 👩‍💻',
    identities: [{ kind: 'phone', value: '393331234567' }],
  },
  groupId: null,
  carrierMessageId: 'wamid.HBgL',
  direction: 'inbound',
  origin: 'live',
  kind: 'image',
  text: media.caption,
  context: null,
  content: null,
  raw: null,
  errors: [],
  verified: true,
  sentAt: at - 2_000,
  receivedAt: at,
  media: [media],
};

const received: Event = {
  key: 9,
  id: 'evt_000000000000000000000000001',
  type: 'message.received',
  version: 1,
  appId: media.appId,
  at,
  message,
  media: null,
  channel: null,
  endpoint: null,
};

/** As an attempt at this moment renders it. */
function rendered(event: Event, now: number) {
  const made = native?.render({ event, part: 0, now, links, settings: {} });
  if (!made) throw new Error('the native dialect has words for everything');
  return made;
}

test('the same event at the same time gives the same bytes, also from a copy', () => {
  const first = rendered(received, at);
  expect(rendered(structuredClone(received), at)).toEqual(first);
  expect(first.body).toBe(JSON.stringify(JSON.parse(first.body)));
  expect(JSON.stringify(JSON.parse(first.body), null, 2)).toMatchSnapshot();
  expect(first.headers).toEqual({ 'content-type': 'application/json' });
});

test("an event carries the carrier's ids beside ours, and for stored media a link and its facts", () => {
  const body = JSON.parse(rendered(received, at).body);
  expect(body).toMatchObject({ id: received.id, type: 'message.received', version: 1 });
  expect(body.data.message).toMatchObject({ id: message.id, carrier_message_id: 'wamid.HBgL' });
  expect(body.data.message.media).toHaveLength(1);
  expect(body.data.message.media[0]).toMatchObject({
    id: media.id,
    carrier_media_id: '1037543291543',
    state: 'stored',
    sha256: media.sha256,
    size: 123_456,
    type: 'image/jpeg',
    declared_type: 'image/jpeg; charset=binary',
    file_name: '../../etc/passwd',
    integrity: 'verified',
    url: links.to(media, at).url,
  });
});

test('a later attempt carries a link that lives from then', () => {
  const later = at + 30 * minute;
  const body = JSON.parse(rendered(received, later).body);
  expect(body.data.message.media[0].url_expires_at).toBe(new Date(later + minute).toISOString());
});

test('media that is not stored has no link', () => {
  const pending: Event = { ...received, message: { ...message, media: [{ ...media, state: 'pending', blob: null }] } };
  const body = JSON.parse(rendered(pending, at).body);
  expect(body.data.message.media[0]).toMatchObject({ state: 'pending', url: null, url_expires_at: null });
});

test('nothing that fetches from the carrier, no place in the store and no key of a table leaves the house', () => {
  const { body } = rendered(received, at);
  expect(body).not.toContain('carrier-secret');
  expect(body).not.toContain('blb_');
  expect(body).not.toMatch(/"key":/);
});

test('the native dialect tells of everything but answers to other dialects, one request for each, and waits for captures a while', () => {
  const speaks = eventTypes.filter((type) => type !== 'media.answered');
  expect(native.policy).toEqual({ hold: 'deliver_within', parts: 'message', speaks });
  expect(native.nextTry(1, {})).toBe('native');
  expect(native.timeoutMs).toBe(15_000);
});

test('a key shows its mode', () => {
  expect(native.keyPrefix('live', 'app')).toBe('mdk_live_');
  expect(native.keyPrefix('test', 'app')).toBe('mdk_test_');
});

test('each dialect is registered under its own name', () => {
  for (const [name, dialect] of dialects) expect(dialect.name).toBe(name);
});
