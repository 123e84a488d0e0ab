// Every event of the golden bodies, rendered from messages of our own.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Golden, golden } from '../../../test/conformance/golden.ts';
import { mustFit } from '../../conformance/form.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Links } from '../../core/links.ts';
import type { Event, Media, Message } from '../../core/model.ts';
import { chirp } from './index.ts';
import { currentEvents } from './settings.ts';

const at = Date.UTC(2026, 2, 1, 10);
const hour = 3_600_000;
const k = '0'.repeat(26);

const links: Links = {
  to(media, now, { seconds } = {}) {
    const expiresAt = now + (seconds ?? 0) * 1000;
    return { url: `https://dock.example/media/${media.id}?expires=${expiresAt}`, expiresAt };
  },
};

const media = (more: Partial<Media> = {}): Media => ({
  key: 7,
  id: `med_${k}1`,
  appId: `app_${k}1`,
  channelId: `chn_${k}1`,
  messageId: `msg_${k}1`,
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
  blob: `app_${k}1/blb_${k}1`,
  receivedAt: at,
  storedAt: at + 1_000,
  deadline: at + 7 * 24 * hour,
  expiresAt: null,
  heldUntil: null,
  linkSeconds: null,
  source: { url: 'https://lookaside.example/?token=carrier-secret' },
  ...more,
});

const message = (more: Partial<Message> = {}): Message => ({
  key: 5,
  id: `msg_${k}1`,
  appId: `app_${k}1`,
  channelId: `chn_${k}1`,
  carrier: 'whatsapp-cloud',
  channelAddress: '106540352242922',
  channelDisplay: '+1 555 078-3801',
  conversationId: `cnv_${k}1`,
  contact: { id: `ctc_${k}1`, name: 'Ada', identities: [{ kind: 'phone', value: '393331234567' }] },
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

const event = (about: Message, more: Partial<Event> = {}): Event => ({
  key: 9,
  id: `evt_${k}1`,
  type: 'message.received',
  version: 1,
  appId: about.appId,
  at,
  message: about,
  media: null,
  channel: null,
  endpoint: null,
  ...more,
});

/** What an attempt at this moment sends; null: nothing. */
function told(about: Event, settings: JsonObject = {}, now = at) {
  const rendered = chirp.render({ event: about, part: 0, now, links, settings });
  return rendered && JSON.parse(rendered.body);
}

const lost = { size: null, sha256: null, blob: null, storedAt: null } as const;
const withFile = (kind: string, file: Partial<Media>, more: Partial<Message> = {}): Message =>
  message({ kind, media: [media(file)], ...more });
const caption = 'Der Schaden "vorne" \u2028 links';
const audio = { kind: 'audio', type: 'audio/ogg; codecs=opus' } as const;
const sticker = { kind: 'sticker', type: 'image/webp' } as const;
const pdf = { kind: 'document', type: 'application/pdf' } as const;

const whatsapp: Record<string, Message> = {
  text: message({ text: 'Hello, I need help!' }),
  'text in reply': message({
    text: 'Yes',
    context: { reply_to: { carrier_message_id: 'wamid.HBgM', from: '15550783801' } },
  }),
  image: withFile('image', {}),
  'image with caption': withFile('image', { caption }, { text: caption }),
  video: withFile('video', { kind: 'video', type: 'video/mp4' }),
  audio: withFile('audio', audio),
  'voice note': withFile('audio', { ...audio, voice: true }),
  document: withFile('document', { ...pdf, caption: 'Signed', fileName: 'contract.pdf' }, { text: 'Signed' }),
  'document with a path for a name': withFile('document', { ...pdf, fileName: '../../x' }),
  sticker: withFile('sticker', sticker),
  'animated sticker': withFile('sticker', { ...sticker, animated: true }),
  location: message({ kind: 'location', content: { location: { latitude: 45.4, longitude: 9.2, name: 'Duomo' } } }),
  contacts: message({ kind: 'contacts', content: { contacts: [{ name: { formatted_name: 'Ada' } }] } }),
  reaction: message({ kind: 'reaction', content: { reaction: { message_id: 'wamid.HBgM', emoji: '👍' } } }),
  interactive: message({
    kind: 'interactive',
    text: 'Yes',
    content: { interactive: { type: 'button_reply', button_reply: { id: 'y', title: 'Yes' } } },
  }),
  order: message({ kind: 'order', content: { order: { catalog_id: '1', product_items: [] } } }),
  system: message({
    kind: 'system',
    text: 'number changed',
    content: { system: { type: 'user_changed_number' } },
  }),
  'kind that the vendor does not know': message({ kind: 'poll', raw: { poll: { options: ['a', 'b'] } } }),
  'image, given up': withFile('image', { ...lost, state: 'unavailable', reason: 'carrier_131052' }),
  'image, still being fetched': withFile('image', { ...lost, state: 'pending' }),
  echo: withFile('image', {}, { direction: 'echo' }),
  history: message({ text: 'Long ago', origin: 'history' }),
};

const twoParts = message({
  carrier: 'twilio',
  kind: 'image',
  text: 'Two pictures',
  content: { subject: 'Holiday' },
  media: [media({ caption: 'Two pictures' }), media({ id: `med_${k}2`, part: 1 })],
});
const sms: Record<string, Message> = {
  sms: message({ carrier: 'twilio', text: 'Hello' }),
  'mms with two parts': twoParts,
  'mms, one part given up': message({
    carrier: 'twilio',
    kind: 'image',
    media: [media({ ...lost, state: 'unavailable' }), media({ id: `med_${k}2`, part: 1 })],
  }),
};
const simulated = {
  whatsapp: message({ carrier: 'playground-whatsapp', text: 'Hello from a test' }),
  sms: message({ carrier: 'playground-sms', text: 'Hello from a test' }),
};

const bodies = golden('chirp/golden/events.json') as Readonly<Record<string, Golden>>;
const older: JsonObject = { events: ['MESSAGE_CREATED'] };

describe.each([
  ['whatsapp', whatsapp, {}],
  ['sms', sms, {}],
  ['simulated', simulated, {}],
  ['legacy sms', { sms: message({ carrier: 'twilio', text: 'Hello' }), 'mms with two parts': twoParts }, older],
  ['flat whatsapp', { text: whatsapp['text'], image: whatsapp['image'] }, { form: 'flat' }],
] as const)('%s', (family, messages: Readonly<Record<string, Message | undefined>>, settings: JsonObject) => {
  test('every golden body has a message', () => {
    expect(Object.keys(messages)).toEqual(Object.keys(bodies[family] ?? {}));
  });

  test.each(Object.keys(bodies[family] ?? {}))('%s is told as the vendor tells it', (name) => {
    const about = messages[name];
    if (about === undefined) throw new Error(`no message for ${name}`);
    mustFit(told(event(about), settings), bodies[family]?.[name] ?? null);
  });
});

test('the link of each attempt lives for an hour from then, and the id stays the same', () => {
  const about = event(withFile('image', { linkSeconds: 60 }));
  const [first, later] = [told(about), told(about, {}, at + 5 * hour)].map(({ data }) => data.message);
  expect(first.mediaUrl).toContain(`expires=${at + hour}`);
  expect(later.mediaUrl).toContain(`expires=${at + 6 * hour}`);
  expect(later.mediaId).toBe(first.mediaId);
});

test('a file whose retention is over has no link, though nobody has swept it yet', () => {
  const about = event(withFile('image', { expiresAt: at + hour }));
  expect(told(about).data.message.mediaUrl).not.toBeNull();
  expect(told(about, {}, at + hour).data.message).toMatchObject({ mediaUrl: null, media: { url: null } });
});

test('a file that comes late brings its message again, complete, unless the endpoint wants no second one', () => {
  const about = withFile('image', {});
  const late = event(about, { type: 'media.stored', media: media() });
  expect(told(late)).toEqual(told(event(about)));
  expect(told(late, { resend: false })).toBeNull();
  expect(told(event(message({ text: 'Hello' }), { type: 'media.stored', message: null }))).toBeNull();
});

test('an endpoint hears only what it subscribed to', () => {
  const text = event(message({ text: 'Hello' }));
  const sms = event(message({ carrier: 'twilio', text: 'Hello' }));
  expect(told(text, { events: ['messages.sms.received'] })).toBeNull();
  expect(told(sms, { events: ['messages.whatsapp.received'] })).toBeNull();
  expect(told(text, { events: ['messages.whatsapp.sent'] })).toBeNull();
  expect(told(sms, { events: ['MESSAGE_CREATED', 'messages.sms.received'] }).event).toBe('messages.sms.received');
  expect(told(text, { events: [...currentEvents] })).not.toBeNull();
});

test('what the business wrote in its phone app is told, unless the endpoint wants no echoes', () => {
  const echo = event(message({ text: 'Hello', direction: 'echo' }), { type: 'message.echoed' });
  expect(told(echo).data.message).toMatchObject({ direction: 'outbound', from: '+15550783801', to: '+393331234567' });
  expect(told(echo, { echoes: false })).toBeNull();
});

test('a preview is no attachment, and several files of one message are all named', () => {
  const about = message({
    kind: 'interactive',
    media: [
      media({ thumbnailOf: 1 }),
      media({ id: `med_${k}2`, part: 1 }),
      media({ id: `med_${k}3`, part: 2, kind: 'document', type: 'application/pdf' }),
    ],
  });
  const seen = told(event(about)).data.message;
  expect(seen.mediaId).toBe(`med_${k}2`);
  expect(seen.mediaIds).toEqual([`med_${k}2`, `med_${k}3`]);
});

test('somebody without a number is known by the id that the carrier gives', () => {
  const contact = { id: `ctc_${k}1`, name: null, identities: [{ kind: 'user_id', value: 'US.137' }] } as const;
  const about = message({ text: 'Hello', contact: { ...contact, identities: [...contact.identities] } });
  expect(told(event(about)).data.message.from).toBe('US.137');
  expect(told(event(message({ contact: null, groupId: 'group-1' }))).data.message.from).toBe('group-1');
});

test("a carrier's own word for a kind overwrites nothing", () => {
  for (const kind of ['from', 'id', 'mediaUrl', '__proto__', 'constructor']) {
    const { message: seen } = told(event(message({ kind, content: { [kind]: { evil: true } } }))).data;
    expect(seen.type).toBe(kind);
    expect(JSON.stringify(seen)).not.toContain('evil');
    expect(seen.from).toBe('+393331234567');
  }
});

test('whatever strangers write, the body is JSON, the name is no path, and nothing of ours leaks', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (fileName, text) => {
      const about = event(withFile('document', { ...pdf, fileName, caption: text }, { text }));
      const rendered = chirp.render({ event: about, part: 0, now: at, links, settings: {} });
      const { filename } = JSON.parse(rendered?.body ?? '').data.message.media;
      expect(filename ?? 'x').toMatch(/^[^./\\\p{Cc}][^/\\\p{Cc}]*$/u);
      expect(Buffer.byteLength(filename ?? '')).toBeLessThanOrEqual(255);
      expect(rendered?.body).not.toMatch(/carrier-secret|blb_/);
    }),
  );
});

test('the same event at the same time gives the same bytes', () => {
  const about = event(withFile('image', { caption }));
  const twice = [about, structuredClone(about)].map((one) =>
    chirp.render({ event: one, part: 0, now: at, links, settings: {} }),
  );
  expect(twice[0]).toEqual(twice[1]);
});

test('the vendor tries five times more, and then our own schedule goes on', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7].map((failures) => chirp.nextTry(failures, {}));
  expect(waits).toEqual([
    { waitMs: 10_000 },
    { waitMs: 30_000 },
    { waitMs: 120_000 },
    { waitMs: 600_000 },
    { waitMs: 3_600_000 },
    'native',
    'native',
  ]);
});

test('keys begin as the vendor lets them begin', () => {
  expect(chirp.keyPrefix('live', 'app')).toBe('sk_live_app_');
  expect(chirp.keyPrefix('test', 'app')).toBe('sk_test_app_');
  expect(chirp.keyPrefix('live', 'organization')).toBe('sk_admin_');
});
