// Every event of the golden bodies, rendered from messages of our own.

import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { golden } from '../../../test/conformance/golden.ts';
import { mustFit } from '../../conformance/form.ts';
import { newId } from '../../core/ids.ts';
import type { Links } from '../../core/links.ts';
import type { Channel, Event, Media, Message } from '../../core/model.ts';
import { uuidOf } from '../uuid.ts';
import { waServer } from './index.ts';
import { mediaPathOf } from './media-path.ts';

const at = Date.UTC(2026, 2, 1, 10);
const appId = newId('app', at);
const channelId = newId('channel', at);

const links: Links = {
  to: () => {
    throw new Error('an event of this dialect carries no link');
  },
};

const media = (more: Partial<Media> = {}): Media => ({
  key: 7,
  id: newId('media', at),
  appId,
  channelId,
  messageId: null,
  part: 0,
  kind: 'image',
  state: 'stored',
  reason: null,
  stateAt: at,
  carrierMediaId: '1037543291543',
  caption: null,
  fileName: null,
  voice: false,
  animated: false,
  thumbnailOf: null,
  declaredType: 'image/jpeg',
  declaredSha256: null,
  declaredSize: null,
  servedType: 'image/jpeg',
  sniffedType: 'image/jpeg',
  type: 'image/jpeg',
  size: 102_400,
  sha256: 'ab'.repeat(32),
  integrity: 'verified',
  blob: 'app_1/blb_1',
  receivedAt: at,
  storedAt: at + 1_000,
  deadline: at,
  expiresAt: null,
  heldUntil: null,
  linkSeconds: null,
  source: { url: 'https://lookaside.example/?token=carrier-secret' },
  ...more,
});

const message = (more: Partial<Message> = {}): Message => ({
  key: 5,
  id: newId('message', at),
  appId,
  channelId,
  carrier: 'whatsapp-cloud',
  channelAddress: '106540352242922',
  channelDisplay: '+1 555 078-3801',
  conversationId: null,
  contact: { id: newId('contact', at), name: 'Ada', identities: [{ kind: 'phone', value: '393331234567' }] },
  groupId: null,
  carrierMessageId: 'wamid.HBgL',
  direction: 'inbound',
  origin: 'live',
  kind: 'text',
  text: null,
  context: null,
  content: null,
  raw: null,
  errors: [],
  verified: true,
  sentAt: at - 2_000,
  receivedAt: at,
  media: [],
  ...more,
});

const channel: Channel = {
  id: channelId,
  appId,
  connectionId: newId('connection', at),
  carrier: 'whatsapp-cloud',
  address: '106540352242922',
  display: '+1 555 078-3801',
  sealed: new Uint8Array(),
  state: 'active',
  reason: null,
  stateAt: at,
  createdAt: at,
};

const event = (more: Partial<Event>): Event => ({
  key: 9,
  id: newId('event', at),
  type: 'message.received',
  version: 1,
  appId,
  at,
  message: null,
  media: null,
  channel: null,
  endpoint: null,
  ...more,
});

const rendered = (about: Event, part = 0, now = at) =>
  waServer.render({ event: about, part, now, links, settings: {} });

/** What an attempt sends; null: nothing. */
function told(about: Event, part = 0, now = at) {
  const made = rendered(about, part, now);
  return made && JSON.parse(made.body);
}

const group = '120363025246125486@g.us';
const caption = 'Der Schaden "vorne" \u2028 links';
const lost = { size: null, sha256: null, blob: null, storedAt: null } as const;
const audio = { kind: 'audio', type: 'audio/ogg; codecs=opus' } as const;
const pdf = { kind: 'document', type: 'application/pdf' } as const;
const large = { ...lost, state: 'unavailable', reason: 'too_large', declaredSize: 900_000_000 } as const;
const about = (more: Partial<Message>): Event => event({ message: message(more) });
const withFile = (kind: string, file: Partial<Media>, more: Partial<Message> = {}): Event =>
  about({ kind, media: [media(file)], ...more });
const withContent = (kind: string, content: NonNullable<Message['content']>, text: string | null = null): Event =>
  about({ kind, text, content: { [kind]: content[kind] ?? null } });

const events: Record<string, Event> = {
  text: about({ text: 'Hello, I need help!' }),
  'text in reply, forwarded': about({
    text: 'Yes',
    context: { forwarded: true, reply_to: { carrier_message_id: 'wamid.HBgM', from: '15550783801' } },
  }),
  'text of a person without a number': about({
    text: 'Hello',
    contact: {
      id: newId('contact', at),
      name: 'Ada',
      identities: [{ kind: 'user_id', value: 'US.13491208655302741918' }],
    },
  }),
  'text in a group': about({ text: 'Hello all', groupId: group }),
  image: withFile('image', {}),
  'image with caption': withFile('image', { caption }, { text: caption }),
  video: withFile('video', { kind: 'video', type: 'video/mp4' }),
  audio: withFile('audio', audio),
  'voice note': withFile('audio', { ...audio, voice: true }),
  document: withFile('document', { ...pdf, caption: 'Signed', fileName: 'contract.pdf' }, { text: 'Signed' }),
  'document with a path for a name': withFile('document', { ...pdf, fileName: '../../x' }),
  'document of a type that nobody knows': withFile('file', {
    kind: 'file',
    type: 'application/x-claim',
    fileName: 'claim.x',
  }),
  sticker: withFile('sticker', { kind: 'sticker', type: 'image/webp' }),
  'second file of a message': about({ kind: 'image', text: 'Two', media: [media(), media({ ...pdf, part: 1 })] }),
  location: withContent('location', { location: { latitude: 45.4, longitude: 9.2, name: 'Duomo' } }),
  contacts: withContent('contacts', { contacts: [{ name: { formatted_name: 'Ada' } }] }),
  reaction: withContent('reaction', { reaction: { message_id: 'wamid.HBgM', emoji: '👍' } }),
  interactive: withContent(
    'interactive',
    { interactive: { type: 'button_reply', button_reply: { id: 'y', title: 'Yes' } } },
    'Yes',
  ),
  order: withContent('order', { order: { catalog_id: '1', product_items: [] } }),
  system: withContent('system', { system: { type: 'user_changed_number' } }, 'number changed'),
  'kind that the vendor does not know': about({ kind: 'poll', raw: { poll: { options: ['a', 'b'] } } }),
  'image, still being fetched': withFile('image', { ...lost, caption, state: 'pending' }, { text: caption }),
  'image, given up': withFile('image', { ...lost, state: 'unavailable', reason: 'carrier_131052' }),
  'document, too large': withFile('document', { ...pdf, ...large, caption: 'Plans', fileName: 'plans.pdf' }),
  echo: withFile('image', {}, { direction: 'echo' }),
  'echo into a group': about({ direction: 'echo', text: 'Hello all', groupId: group }),
  'message revoked': about({ kind: 'revoke', context: { revokes: 'wamid.HBgM' } }),
  'device connected': event({ type: 'channel.resumed', channel }),
  'device disconnected': event({ type: 'channel.paused', channel: { ...channel, state: 'paused' } }),
};
const partOf: Record<string, number> = { 'second file of a message': 1 };
const bodies = golden('wa-server/golden/events.json');

test('every golden body has an event', () => {
  expect(Object.keys(events)).toEqual(Object.keys(bodies));
});

test.each(Object.keys(bodies))('%s is told as the vendor tells it', (name) => {
  const one = events[name];
  if (one === undefined) throw new Error(`no event for ${name}`);
  mustFit(told(one, partOf[name]), bodies[name] ?? null);
});

test('the envelope names app and device by the same ids as the path of the file', () => {
  const file = media();
  const body = told(about({ kind: 'image', media: [file] }));
  expect(body).toMatchObject({ app_id: uuidOf(appId), device_id: uuidOf(channelId) });
  expect(body.payload.media_path).toBe(mediaPathOf(file));
  expect(body.payload.media_path.startsWith(`media/${body.app_id}/${body.device_id}-`)).toBe(true);
});

test('the request id is in body and header, the same on every retry, and each request has its own', () => {
  const two = about({ kind: 'image', media: [media(), media({ part: 1 })] });
  const [first, retry, second] = [rendered(two), rendered(two, 0, at + 60_000), rendered(two, 1)];
  const ids = [first, retry, second].map((made) => made?.headers['X-WA-Request-ID']);
  expect(ids).toEqual([first, retry, second].map((made) => JSON.parse(made?.body ?? '').request_id));
  expect(ids[0]).toBe(ids[1]);
  expect(ids[0]).not.toBe(ids[2]);
});

test('a message that went out without its file is told again with it, under another request id', () => {
  const [early, here] = [media({ ...lost, state: 'pending', part: 1 }), media({ part: 1 })];
  const [before, after] = [early, here].map((file) => message({ kind: 'image', media: [media(), file] }));
  if (before === undefined || after === undefined) throw new Error('there are two messages');
  const received = event({ message: before });
  const first = told(received, 1);
  expect(first.payload).not.toHaveProperty('media_path');
  // By an event of its own, or because the first is tried again and the file has come meanwhile.
  const complete = told(event({ type: 'media.stored', message: after, media: here }));
  const retried = told({ ...received, message: after }, 1);
  for (const again of [complete, retried]) {
    expect(again).toMatchObject({ event: 'message', payload: { message_id: first.payload.message_id } });
    expect(again.payload.media_path).toBe(mediaPathOf(here));
    expect(again.request_id).not.toBe(first.request_id);
  }
});

test('a file that came and went again is not told', () => {
  const file = media({ state: 'deleted', blob: null });
  expect(told(event({ type: 'media.stored', message: message({ media: [file] }), media: file }))).toBeNull();
  const ended = media({ expiresAt: at });
  expect(told(event({ type: 'media.stored', message: message({ media: [ended] }), media: ended }))).toBeNull();
  expect(told(event({ message: message({ kind: 'image', media: [ended] }) })).payload).not.toHaveProperty('media_path');
});

test('uploads, previews and parts that are not there are nothing to tell', () => {
  expect(told(event({ type: 'media.stored', media: media() }))).toBeNull();
  expect(told(about({ media: [media(), media({ part: 1, thumbnailOf: 0 })] }), 1)).toBeNull();
  expect(told(about({ text: 'Hello' }), 1)).toBeNull();
  expect(told(event({ type: 'media.deleted', message: message(), media: media() }))).toBeNull();
});

test('a channel that has no number has none in the words of the vendor', () => {
  const resumed = event({ type: 'channel.resumed', channel: { ...channel, display: channel.address } });
  expect(told(resumed).payload).toMatchObject({ wa_number: null, wa_device_jid: null });
});

test("a carrier's own word for a kind overwrites nothing", () => {
  for (const kind of ['from', 'message_id', 'media_path', '__proto__']) {
    const { payload } = told(about({ kind, content: { [kind]: 'evil' } }));
    expect(payload).toMatchObject({ type: kind, from: '393331234567@s.whatsapp.net', message_id: 'wamid.HBgL' });
    expect(JSON.stringify(payload)).not.toContain('evil');
  }
});

test('whatever strangers write, the body is JSON, the name is no path, and nothing of ours leaks', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (fileName, text) => {
      const made = rendered(withFile('document', { ...pdf, fileName, caption: text }, { text }));
      const { file_name: name = 'x' } = JSON.parse(made?.body ?? '').payload;
      expect(name).toMatch(/^[^./\\\p{Cc}][^/\\\p{Cc}]*$/u);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      expect(made?.body).not.toMatch(/carrier-secret|blb_/);
    }),
  );
});

test('the same event at the same time gives the same bytes', () => {
  const one = withFile('image', { caption });
  expect(rendered(structuredClone(one))).toEqual(rendered(one));
});

test('a webhook is signed with the text of its secret, under the name that is set', () => {
  const [body, secret] = ['{"event":"message"}', 'whsec_c2VjcmV0'];
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  expect(waServer.sign?.(body, secret, {})).toEqual({ 'X-WA-Signature': signature });
  expect(waServer.sign?.(body, secret, { signature_header: 'X-Hub-Signature' })).toEqual({
    'X-Hub-Signature': signature,
  });
});

test('the vendor tries three times more, and then our own schedule goes on', () => {
  expect([1, 2, 3, 4, 5].map((failures) => waServer.nextTry(failures, {}))).toEqual([
    { waitMs: 10_000 },
    { waitMs: 30_000 },
    { waitMs: 90_000 },
    'native',
    'native',
  ]);
});
