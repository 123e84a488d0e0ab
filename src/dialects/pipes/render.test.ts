import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Golden, golden } from '../../../test/conformance/golden.ts';
import { mustFit } from '../../conformance/form.ts';
import type { Telling } from '../../core/dialect.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Event, Media, Message } from '../../core/model.ts';
import { pipes } from './index.ts';
import { render, renderFrame } from './render.ts';

const events = golden('pipes/golden/events.json') as Readonly<Record<'socket' | 'webhook', Golden>>;

const at = Date.UTC(2026, 2, 1, 10, 0, 0, 789);

const media = (given: Partial<Media> = {}): Media => ({
  key: 7,
  id: 'med_2ZnxrkVPyKAVtGBpVQCvF2KjQbE',
  appId: 'app_000000000000000000000000001',
  channelId: 'chn_000000000000000000000000001',
  messageId: 'msg_000000000000000000000000001',
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
  size: 173_971,
  sha256: 'ab'.repeat(32),
  integrity: 'verified',
  blob: 'app_000000000000000000000000001/blb_000000000000000000000000001',
  receivedAt: at,
  storedAt: at,
  deadline: at,
  expiresAt: null,
  heldUntil: null,
  linkSeconds: null,
  source: { url: 'https://lookaside.example/?token=carrier-secret' },
  ...given,
});

const message = (given: Partial<Message> = {}): Message => ({
  key: 5,
  id: 'msg_000000000000000000000000001',
  appId: 'app_000000000000000000000000001',
  channelId: 'chn_000000000000000000000000001',
  carrier: 'whatsapp-cloud',
  channelAddress: '106540352242922',
  channelDisplay: '+1 (555) 078-3801',
  conversationId: 'cnv_000000000000000000000000002',
  contact: {
    id: 'ctc_000000000000000000000000001',
    name: 'Sheena Nelson',
    identities: [
      { kind: 'user_id', value: 'US.13491208655302741918' },
      { kind: 'phone', value: '393331234567' },
    ],
  },
  groupId: null,
  carrierMessageId: 'wamid.HBgLMzkzMzMxMjM0NTY3',
  direction: 'inbound',
  origin: 'live',
  kind: 'text',
  text: null,
  context: null,
  content: null,
  raw: null,
  errors: [],
  verified: true,
  sentAt: at,
  receivedAt: at,
  media: [],
  ...given,
});

const links: Telling['links'] = {
  to: () => {
    throw new Error('an event of this dialect carries no link');
  },
};

const telling = (of: Partial<Event>, settings: JsonObject = {}, now = at): Telling => ({
  event: {
    key: 9,
    id: 'evt_000000000000000000000000001',
    type: 'message.received',
    version: 1,
    appId: 'app_000000000000000000000000001',
    at,
    message: null,
    media: null,
    channel: null,
    endpoint: null,
    ...of,
  },
  part: 0,
  now,
  links,
  settings,
});

/** What a socket hears, and what a webhook. */
function told(...given: Parameters<typeof telling>) {
  const frame = renderFrame(telling(...given));
  const request = render(telling(...given));
  return { socket: frame && JSON.parse(frame), webhook: request && JSON.parse(request.body) };
}

const withMedia = (given: Partial<Media>): Partial<Event> => {
  const one = media(given);
  return { message: message({ kind: one.kind, text: one.caption, media: [one] }) };
};
const withContent = (kind: string, content: JsonObject | null): Partial<Event> => ({
  message: message({ kind, content }),
});

const happenings: Readonly<Record<string, Partial<Event>>> = {
  text: { message: message({ text: 'Is it insured? 🚗' }) },
  image: withMedia({ fileName: 'image.jpg', caption: 'Der Schaden "vorne" \u2028 links' }),
  'image without caption': withMedia({ type: 'image/png', caption: '' }),
  audio: withMedia({ kind: 'audio', voice: true, type: 'audio/ogg', declaredType: 'audio/ogg; codecs=opus' }),
  video: withMedia({ kind: 'video', type: 'video/mp4', caption: 'Der Hof' }),
  document: withMedia({
    kind: 'document',
    type: 'application/pdf',
    fileName: 'contract.pdf',
    caption: 'Unterschrieben',
  }),
  'document whose name is a path': withMedia({ kind: 'document', type: 'application/pdf', fileName: '../../x' }),
  sticker: withMedia({ kind: 'sticker', type: 'image/webp', animated: true }),
  'image that the carrier did not give': withMedia({ state: 'unavailable', reason: 'gone_at_carrier', blob: null }),
  location: withContent('location', {
    location: { latitude: 48.137, longitude: 11.575, name: 'Marienplatz', url: 'https://example.com' },
  }),
  contacts: withContent('contacts', {
    contacts: [
      {
        name: { formatted_name: 'Ada Lovelace', first_name: 'Ada' },
        phones: [{ phone: '+44 20 7946 0000', type: 'CELL' }],
      },
    ],
  }),
  reaction: withContent('reaction', { reaction: { message_id: 'wamid.HBgL', emoji: '👍' } }),
  'reaction that was taken back': withContent('reaction', { reaction: { message_id: 'wamid.HBgL' } }),
  unsupported: withContent('unsupported', null),
};

describe.each(['socket', 'webhook'] as const)('on the way of a %s', (way) => {
  test.each(Object.entries(events[way]))('%s is told as the vendor tells it', (name, body) => {
    mustFit(told(happenings[name] ?? {})[way], body);
  });
});

test('words that a person chose from a list are a text', () => {
  const { socket, webhook } = told({ message: message({ kind: 'interactive', text: 'Yes, please' }) });
  expect(socket.data).toMatchObject({ type: 'text', body: 'Yes, please', text: 'Yes, please' });
  expect(webhook.entry[0].changes[0].value.messages[0]).toMatchObject({ type: 'text', text: { body: 'Yes, please' } });
});

test.each([
  ['location', { location: { latitude: '48', longitude: 11 } }],
  ['contacts', { contacts: 'Ada' }],
  ['reaction', { reaction: { emoji: '👍' } }],
  ['order', { order: { catalog_id: '1' } }],
  ['sealed_envelope', null],
])('a %s without what makes it one, or of a kind that nobody knows, is unsupported', (kind, content) => {
  expect(told(withContent(kind, content)).socket.data).toMatchObject({ type: 'unsupported', text: '' });
});

test('a message with several files names the first in the vendor’s place, and all beside it', () => {
  const several = message({
    kind: 'interactive',
    media: [
      media({ thumbnailOf: 1 }),
      media({ part: 1, kind: 'file', type: 'application/zip' }),
      media({ part: 2, id: 'med_2ZnxrkVPyKAVtGBpVQCvF2KjQbF' }),
    ],
  });
  const { data } = told({ message: several }).socket;
  expect(data.type).toBe('document');
  expect(data.media.mimeType).toBe('application/zip');
  expect(data.attachments).toEqual([data.media, expect.objectContaining({ mimeType: 'image/jpeg' })]);
});

test.each([
  { state: 'pending', blob: null },
  { state: 'remote', blob: null },
  { state: 'deleted', blob: null },
  { expiresAt: at - 1 },
] satisfies Partial<Media>[])('a file that is not to be had ($state, $expiresAt) has neither id nor path', (given) => {
  const { media: shown } = told(withMedia(given)).socket.data;
  expect(shown).toEqual({ mimeType: 'image/jpeg', byteSize: 0, unavailable: true });
});

test('a message is told again when its file comes late, unless the endpoint does not want it', () => {
  const late = withMedia({ caption: 'late' });
  const event = { ...late, type: 'media.stored', media: late.message?.media[0] ?? null } as const;
  expect(told(event).socket.data).toMatchObject({ messageId: 'msg_000000000000000000000000001', text: 'late' });
  expect(told(event, { resend: false })).toEqual({ socket: null, webhook: null });
  const gone = withMedia({ state: 'deleted' });
  expect(told({ ...gone, type: 'media.stored', media: gone.message?.media[0] ?? null }).socket).toBeNull();
});

test('what is not inbound, and what is about no message, is not told', () => {
  for (const of of [{ message: message({ direction: 'echo' }) }, { type: 'media.expired', media: media() }] as const)
    expect(told(of)).toEqual({ socket: null, webhook: null });
});

test('whoever has no number is known by the id of the carrier, and a message without counterpart is a conversation of its own', () => {
  const hidden = {
    id: 'ctc_000000000000000000000000001',
    name: null,
    identities: [{ kind: 'user_id', value: 'US.13' }],
  } as const;
  const { socket, webhook } = told({
    message: message({ contact: { ...hidden, identities: [...hidden.identities] } }),
  });
  expect(socket.data.fromNumber).toBe('US.13');
  expect(socket.data).not.toHaveProperty('fromName');
  expect(webhook.entry[0].changes[0].value.contacts).toEqual([{ profile: { name: '' }, wa_id: 'US.13' }]);
  const alone = told({ message: message({ contact: null, conversationId: null, groupId: '120363' }) }).socket.data;
  expect(alone).toMatchObject({ fromNumber: '120363', conversationId: 'conv_000000000000000000000000001' });
});

test('nothing of ours is in what is told', () => {
  for (const text of [
    JSON.stringify(told(withMedia({ caption: 'x' }))),
    JSON.stringify(told(happenings['document'] ?? {})),
  ])
    expect(text).not.toMatch(/med_|blb_|carrier-secret|cnv_|chn_/);
});

test('a webhook is signed with the secret as it stands, in hex without a prefix', () => {
  const { body } = render(telling(happenings['text'] ?? {})) ?? { body: '' };
  const hex = createHmac('sha256', 'a secret of sixteen').update(body).digest('hex');
  expect(pipes.sign?.(body, 'a secret of sixteen', {})).toEqual({ 'x-pipes-signature': hex });
});

test('webhooks are tried three times within ten seconds, or four times by the other schedule, and then wait for a socket', () => {
  const waits = (settings: JsonObject) => [1, 2, 3, 4, 5].map((failures) => pipes.nextTry(failures, settings));
  expect(waits({})).toEqual([{ waitMs: 2_000 }, { waitMs: 8_000 }, 'none', 'none', 'none']);
  expect(waits({ schedule: 'byon' })).toEqual([
    { waitMs: 10_000 },
    { waitMs: 60_000 },
    { waitMs: 300_000 },
    'none',
    'none',
  ]);
});
