// Every event of the golden bodies, rendered from messages of our own.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { golden } from '../../../test/conformance/golden.ts';
import { mustFit } from '../../conformance/form.ts';
import { newId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Links } from '../../core/links.ts';
import type { Event, Media, Message } from '../../core/model.ts';
import { uuidOf } from '../uuid.ts';
import { onprem } from './index.ts';

const bodies = golden('onprem/golden/events.json');
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
  declaredSha256: 'ab'.repeat(32),
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

/** Not here, with this state and reason. */
const absent = (state: 'pending' | 'remote' | 'unavailable' | 'expired', more: Partial<Media> = {}): Media =>
  media({ state, reason: state === 'unavailable' ? 'carrier_131052' : null, blob: null, sha256: null, ...more });

const message = (more: Partial<Message> = {}): Message => ({
  key: 5,
  id: newId('message', at),
  appId,
  channelId,
  carrier: 'whatsapp-cloud',
  channelAddress: '106540352242922',
  channelDisplay: '+15550783801',
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

const withFile = (file: Media, more: Partial<Message> = {}): Message =>
  message({ kind: file.kind, text: file.caption, media: [file], ...more });

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

const rendered = (about: Event, settings: JsonObject = {}, now = at) =>
  onprem.render({ event: about, part: 0, now, links, settings });

/** What an attempt sends; null: nothing. */
function told(about: Event, settings: JsonObject = {}, now = at) {
  const made = rendered(about, settings, now);
  return made && JSON.parse(made.body);
}

const caption = 'Der Schaden "vorne" \u2028 links';
const pdf = { kind: 'document', type: 'application/pdf' } as const;
const user = { kind: 'user_id', value: 'US.13491208655302741918' } as const;
const place = {
  latitude: 48.137,
  longitude: 11.575,
  name: 'Marienplatz',
  address: '80331 Munich',
  url: 'https://example.com/place',
};
const unknown = {
  code: 131051,
  title: 'Message type unknown',
  message: 'Message type unknown',
  error_data: { details: 'Message type is currently not supported.' },
};

const messages: Readonly<Record<string, Message>> = {
  text: message({ text: 'Hello, I need help!' }),
  'text in reply': message({
    text: 'Yes',
    context: { reply_to: { carrier_message_id: 'wamid.HBgM', from: '15550783801' } },
  }),
  'text in a group': message({ text: 'Hello all', groupId: '120363025246125486' }),
  image: withFile(media()),
  'image with caption': withFile(media({ caption })),
  video: withFile(media({ kind: 'video', type: 'video/mp4', caption: 'Der Hof' })),
  audio: withFile(media({ kind: 'audio', type: 'audio/mpeg' })),
  'voice note': withFile(media({ kind: 'audio', voice: true, type: 'audio/ogg; codecs=opus' })),
  document: withFile(media({ ...pdf, caption: 'Unterschrieben', fileName: 'contract.pdf' })),
  'document with a path for a name': withFile(media({ ...pdf, fileName: '../../x' })),
  sticker: withFile(media({ kind: 'sticker', type: 'image/webp' })),
  'image, still being fetched': withFile(absent('pending', { caption })),
  'image, not fetched on arrival': withFile(absent('remote', { caption })),
  'image, given up': withFile(absent('unavailable', { caption })),
  'image with a path on the volume': withFile(media()),
  'image with a path on the volume, split': withFile(media()),
  location: message({ kind: 'location', content: { location: place } }),
  contacts: message({
    kind: 'contacts',
    content: { contacts: [{ name: { formatted_name: 'Grace' }, phones: [{ phone: '+1 555 0100' }] }] },
  }),
  button: message({ kind: 'button', text: 'Yes', content: { button: { text: 'Yes', payload: 'yes' } } }),
  interactive: message({
    kind: 'interactive',
    text: 'Yes',
    content: { interactive: { type: 'button_reply', button_reply: { id: '1', title: 'Yes' } } },
  }),
  system: message({
    kind: 'system',
    content: { system: { body: 'Ada changed from 393331234567 to 393337654321' } },
  }),
  'kind that the vendor does not know': message({ kind: 'poll', raw: { type: 'poll' }, errors: [unknown] }),
  'text of a person without a number': message({
    text: 'Hello',
    contact: { id: newId('contact', at), name: 'Ada', identities: [user] },
  }),
  'two files in one message': message({
    kind: 'image',
    media: [media({ caption: 'Both' }), media({ ...pdf, part: 1, fileName: 'contract.pdf' })],
  }),
  'form with a file': message({
    kind: 'interactive',
    content: { interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow' } } },
    media: [media({ thumbnailOf: 1 }), media({ part: 1 })],
  }),
  'message that the sender took back': message({ kind: 'revoke', context: { revokes: 'wamid.HBgM' } }),
};

const files: Readonly<Record<string, Partial<Media>>> = {
  image: {},
  video: { kind: 'video', type: 'video/mp4' },
  audio: { kind: 'audio', type: 'audio/mpeg' },
  voice: { kind: 'audio', voice: true, type: 'audio/ogg; codecs=opus' },
  document: pdf,
  sticker: { kind: 'sticker', type: 'image/webp' },
};

/** What became of a file that somebody asked for. */
const outcomes: Readonly<Record<string, Media>> = {
  ...Object.fromEntries(
    Object.entries(files).flatMap(([name, more]) => [
      [`media_items: ${name}, here`, media(more)],
      [`media_items: ${name}, gone`, absent('unavailable', { ...more, declaredSha256: 'ab'.repeat(32) })],
    ]),
  ),
  'media_items: image, gone, by the other status': absent('unavailable'),
};

const settingsFor: Readonly<Record<string, JsonObject>> = {
  'image with a path on the volume': { file: 'uuid' },
  'image with a path on the volume, split': { file: 'split' },
  'media_items: image, gone, by the other status': { failed_status: 'undownloaded' },
};

describe('golden bodies', () => {
  test('each has something that it is told of', () => {
    expect([...Object.keys(messages), ...Object.keys(outcomes)].sort()).toEqual(Object.keys(bodies).sort());
  });

  test.each(Object.entries(messages))('%s', (name, about) => {
    mustFit(told(event({ message: about }), settingsFor[name]), bodies[name] ?? null, name);
  });

  test.each(Object.entries(outcomes))('%s', (name, file) => {
    const answered = event({ type: 'media.answered', media: file, message: withFile(file) });
    mustFit(told(answered, settingsFor[name]), bodies[name] ?? null, name);
  });
});

test('the id is the UUID under which the file is fetched, in messages and outcomes alike', () => {
  const file = media();
  expect(told(event({ message: withFile(file) })).messages[0].image.id).toBe(uuidOf(file.id));
  expect(told(event({ type: 'media.answered', media: file })).media_items[0].image.id).toBe(uuidOf(file.id));
});

test('a file that comes, or is given up, after its message went out is told as an outcome', () => {
  for (const [type, file] of [
    ['media.stored', media()],
    ['media.unavailable', absent('unavailable')],
  ] as const) {
    expect(told(event({ type, media: file, message: withFile(file) })).media_items).toHaveLength(1);
    expect(told(event({ type, media: file, message: withFile(file, { direction: 'echo' }) }))).toBeNull();
    const preview = { ...file, thumbnailOf: 1 };
    expect(told(event({ type, media: preview, message: withFile(preview) }))).toBeNull();
  }
});

test('an outcome tells how things are when it is sent, and not how they were', () => {
  const file = media({ expiresAt: at + 1_000 });
  const about = event({ type: 'media.answered', media: file });
  expect(told(about).media_items[0].errors).toBeUndefined();
  expect(told(about, {}, at + 1_000).media_items[0].errors).toHaveLength(1);
  expect(told(event({ message: withFile(file) }), {}, at + 1_000).messages[0].image.status).toBe('undownloaded');
});

test('a text that came with files goes with the first of them, unless that has a caption of its own', () => {
  const twilio = withFile(media(), { carrier: 'twilio', text: 'Both', media: [media(), media({ part: 1 })] });
  const [first, second] = told(event({ message: twilio })).messages;
  expect([first.image.caption, second.image.caption]).toEqual(['Both', undefined]);
  const own = withFile(media({ caption: 'Mine' }), { text: 'Both' });
  expect(told(event({ message: own })).messages[0].image.caption).toBe('Mine');
});

test('a stored file in a message has a status only where the endpoint wants it', () => {
  const about = event({ message: withFile(media()) });
  expect(told(about).messages[0].image).not.toHaveProperty('status');
  expect(told(about, { status_in_messages: true }).messages[0].image.status).toBe('downloaded');
});

test("a carrier's own word for a kind overwrites nothing", () => {
  for (const kind of ['from', 'id', 'timestamp', '__proto__', 'constructor']) {
    const [seen] = told(event({ message: message({ kind, content: { [kind]: { evil: true } } }) })).messages;
    expect(seen).toEqual({ from: '393331234567', id: 'wamid.HBgL', timestamp: expect.any(String), type: 'unknown' });
  }
});

test('whatever strangers write, the body is JSON, the name is no path, and nothing of ours leaks', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (fileName, text) => {
      const about = event({ message: withFile(media({ ...pdf, fileName, caption: text })) });
      const body = rendered(about)?.body ?? '';
      const { filename, caption: said } = JSON.parse(body).messages[0].document;
      expect(filename ?? 'x').toMatch(/^[^./\\\p{Cc}][^/\\\p{Cc}]*$/u);
      expect(Buffer.byteLength(filename ?? '')).toBeLessThanOrEqual(255);
      expect(said ?? '').toBe(text);
      expect(body).not.toMatch(/carrier-secret|blb_|med_/);
    }),
  );
});

test('the same event at the same time gives the same bytes', () => {
  const about = event({ message: withFile(media({ caption })) });
  expect(rendered(structuredClone(about))).toEqual(rendered(about));
});
