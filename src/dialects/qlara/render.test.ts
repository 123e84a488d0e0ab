import { describe, expect, test } from 'vitest';
import { type Golden, golden } from '../../../test/conformance/golden.ts';
import { mustFit } from '../../conformance/form.ts';
import type { Telling } from '../../core/dialect.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Event, Media, MediaKind, Message } from '../../core/model.ts';
import { render } from './render.ts';

const events = golden('qlara/golden/events.json') as Readonly<Record<'nested' | 'flat', Golden>>;

const at = Date.UTC(2026, 2, 1, 10, 0, 0, 789);

function media(given: Partial<Media> = {}): Media {
  return {
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
    size: 123_456,
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
  };
}

function message(given: Partial<Message> = {}): Message {
  return {
    key: 5,
    id: 'msg_000000000000000000000000001',
    appId: 'app_000000000000000000000000001',
    channelId: 'chn_000000000000000000000000001',
    carrier: 'whatsapp-cloud',
    channelAddress: '106540352242922',
    channelDisplay: '+1 (555) 078-3881',
    conversationId: null,
    contact: {
      id: 'ctc_000000000000000000000000001',
      name: 'Ada 👩‍💻',
      identities: [
        { kind: 'user_id', value: 'US.13491208655302741918' },
        { kind: 'phone', value: '393331234567' },
      ],
    },
    groupId: null,
    carrierMessageId: 'wamid.HBgLMzkzMzMxMjM0NTY3',
    direction: 'inbound',
    origin: 'live',
    kind: 'image',
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
  };
}

const event = (given: Partial<Event> = {}): Event => ({
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
  ...given,
});

const links: Telling['links'] = {
  to: () => {
    throw new Error('an event of this dialect carries no link');
  },
};

/** What is sent of a message, or nothing. */
function told(of: Partial<Event>, more: { part?: number; settings?: JsonObject; now?: number } = {}) {
  const { part = 0, settings = {}, now = at } = more;
  const rendered = render({ event: event(of), part, now, links, settings });
  return rendered && JSON.parse(rendered.body);
}

const withMedia = (given: Partial<Media>): Partial<Event> => {
  const one = media(given);
  return { message: message({ kind: one.kind, text: one.caption, media: [one] }) };
};

const happenings: Record<string, Partial<Event>> = {
  image: withMedia({ caption: 'Der Schaden "vorne" \u2028 links', fileName: '../../x' }),
  'image without caption': withMedia({ type: 'image/png', caption: '' }),
  document: withMedia({ kind: 'document', type: 'application/pdf', caption: 'Unterschrieben' }),
  audio: withMedia({ kind: 'audio', voice: true, type: 'audio/ogg', declaredType: 'audio/ogg; codecs=opus' }),
  video: withMedia({ kind: 'video', type: 'video/mp4', caption: 'Der Hof' }),
  sticker: withMedia({ kind: 'sticker', type: 'image/webp', animated: true }),
  'image that the carrier did not give': withMedia({ state: 'unavailable', reason: 'gone_at_carrier', blob: null }),
  text: { message: message({ kind: 'text', text: 'Is it insured? 🚗' }) },
};

describe.each(['nested', 'flat'] as const)('in the %s form', (form) => {
  test.each(Object.entries(events[form]))('%s is told as the vendor tells it', (name, body) => {
    mustFit(told(happenings[name] ?? {}, { settings: { form } }), body);
  });
});

test('an event names the carrier’s time in whole seconds and both numbers with a plus', () => {
  expect(told(happenings['text'] ?? {})).toMatchObject({
    messageId: 'wamid.HBgLMzkzMzMxMjM0NTY3',
    from: '+393331234567',
    to: '+15550783881',
    timestamp: '2026-03-01T10:00:00Z',
  });
});

test('each attachment is told by itself, and a preview not at all', () => {
  const parts = [media(), media({ part: 1, kind: 'video', type: 'video/mp4', id: 'med_2ZnxrkVPyKAVtGBpVQCvF2KjQbF' })];
  const preview = media({ part: 2, thumbnailOf: 1 });
  const of = { message: message({ text: 'Both sides', media: [...parts, preview] }) };
  const [first, second, third] = [0, 1, 2].map((part) => told(of, { part }));
  expect(first.content).toMatchObject({ type: 'IMAGE', caption: 'Both sides' });
  expect(second.content).toEqual({ type: 'VIDEO', mimeType: 'video/mp4', mediaKey: expect.stringMatching(/^mk_/) });
  expect(third).toBeNull();
});

test('a file that is still being fetched, was deleted or has expired is told without a key', () => {
  const states: Partial<Media>[] = [
    { state: 'pending', type: 'audio/ogg; codecs=opus' },
    { state: 'deleted' },
    { state: 'expired' },
    { state: 'stored', expiresAt: at },
  ];
  for (const state of states) {
    const { content } = told(withMedia({ kind: 'audio', type: 'audio/ogg', ...state }));
    expect(content).toEqual({ type: 'AUDIO', mimeType: 'audio/ogg' });
  }
});

test('a file of unknown type and kind is a document', () => {
  const unknown = { state: 'pending', type: null, declaredType: null } as const;
  expect(told(withMedia({ kind: 'file', ...unknown })).content).toEqual({
    type: 'DOCUMENT',
    mimeType: 'application/octet-stream',
  });
  const kinds: (MediaKind | 'location')[] = ['image', 'location'];
  const [announced, location] = kinds.map((kind) => told({ message: message({ kind }) }));
  expect(announced.content).toEqual({ type: 'IMAGE', mimeType: 'application/octet-stream' });
  expect(location).toBeNull();
});

test('what the vendor has no type for is told by its words, and without words not at all', () => {
  expect(told({ message: message({ kind: 'interactive', text: 'Yes, please' }) }).content).toEqual({
    type: 'TEXT',
    text: 'Yes, please',
  });
  expect(told({ message: message({ kind: 'reaction', content: { reaction: { emoji: '👍' } } }) })).toBeNull();
  expect(told({ message: message({ kind: 'text', text: 'From our own phone', direction: 'echo' }) })).toBeNull();
  expect(told({ type: 'media.stored', media: media({ messageId: null }) })).toBeNull();
});

test('a file that came after its message is told as the message again, unless that is switched off', () => {
  const one = media({ caption: 'late' });
  const late: Partial<Event> = { type: 'media.stored', message: message({ media: [one] }), media: one };
  expect(told(late).content).toMatchObject({ type: 'IMAGE', caption: 'late', mediaKey: expect.any(String) });
  expect(told(late, { settings: { resend: false } })).toBeNull();
  const gone = media({ state: 'deleted' });
  expect(told({ ...late, message: message({ media: [gone] }), media: gone })).toBeNull();
});

test('members beyond the vendor’s come only when they are asked for, and a file name is safe', () => {
  const of = withMedia({ kind: 'document', type: 'application/pdf', fileName: '../../x.pdf\u0000' });
  expect(told(of, { settings: { extras: true } })).toMatchObject({
    senderName: 'Ada 👩‍💻',
    content: { fileName: 'x.pdf', fileSize: 123_456, sha256: 'ab'.repeat(32) },
  });
  expect(told(of, { settings: { extras: true, form: 'flat' } })).toMatchObject({
    messageId: 'wamid.HBgLMzkzMzMxMjM0NTY3',
    fileName: 'x.pdf',
  });
});

test('a person without a number is named by the carrier’s id, an agent by its own', () => {
  const contact = {
    id: 'ctc_000000000000000000000000001',
    name: null,
    identities: [{ kind: 'user_id', value: 'US.13491208655302741918' }],
  } as const;
  const of = { kind: 'text', text: 'hi', contact: { ...contact, identities: [...contact.identities] } };
  expect(told({ message: message(of) }).from).toBe('US.13491208655302741918');
  const line = { carrier: 'rcs', channelAddress: 'claims_agent', channelDisplay: 'claims_agent' };
  expect(told({ message: message({ ...of, ...line }) })).toMatchObject({ channel: 'RCS', to: 'claims_agent' });
  expect(told({ message: message({ ...of, carrier: 'twilio-mms' }) })).toMatchObject({ channel: 'SMS' });
});

test('the same input gives the same bytes', () => {
  const [one, two] = [0, 1].map(() =>
    render({ event: event(structuredClone(happenings['image'])), part: 0, now: at, links, settings: {} }),
  );
  expect(one).toEqual(two);
});
