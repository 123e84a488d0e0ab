import { expect, test } from 'vitest';
import type { JsonObject } from '../../core/json.ts';
import { escapedJson } from '../escaped-json.ts';
import type { KeptMedia } from '../kept-media.ts';
import { links } from '../links.ts';
import { type Change, composer, type Message } from './composer.ts';
import { kindOf, type MediaOptions } from './media-content.ts';
import { contactOf, type Person, somebody } from './person.ts';

const now = Date.UTC(2026, 10, 20, 12);
const clock = { now: () => now };
const book = links(clock);
const wabas: Record<string, string> = { '111': 'waba-1', '222': 'waba-1', '333': 'waba-2' };
const compose = composer({
  clock,
  links: book,
  linkOf: (query) => `https://carrier.example/?${query}`,
  number: (phoneNumberId) => ({
    phoneNumberId,
    display: `1555${phoneNumberId}`,
    wabaId: wabas[phoneNumberId] ?? '',
    accessToken: '',
    appSecret: '',
  }),
});
const { contents } = compose;
const kept: KeptMedia = {
  id: '1003383421387256',
  phoneNumberId: '111',
  type: 'application/pdf',
  fileName: 'order.pdf',
  sha256: '49f227634806293b0995459bc310b593e1400f41591efcf07e9bced335f41942',
  size: 61901,
  expiresAt: now,
};
const base64 = 'SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=';

const document = (options: MediaOptions & { at?: number }) => compose.media(kept, options)['document'] as JsonObject;
const linkIn = (object: JsonObject) => book.open(new URL(String(object['url'])).searchParams);

test('a media is announced with its id, its bare facts and a digest in base64', () => {
  const { url, ...object } = document({ caption: 'Here it is' });
  expect(object).toEqual({
    caption: 'Here it is',
    filename: 'order.pdf',
    mime_type: 'application/pdf',
    sha256: base64,
    id: kept.id,
  });
  expect(url).toMatch(/^https:\/\/carrier\.example\/\?mid=1003383421387256&source=webhook&ext=\d+&hash=.+/);
});

test('the kind follows from the type, and only a recorded OGG is a voice note', () => {
  const types = ['image/jpeg', 'image/png', 'image/webp', 'video/3gpp', 'audio/mpeg', 'audio/ogg; codecs=opus', 'a/b'];
  expect(types.map(kindOf)).toEqual(['image', 'image', 'sticker', 'video', 'audio', 'audio', 'document']);
  const voice = (type: string) => (compose.media({ ...kept, type })['audio'] as JsonObject)['voice'];
  expect([voice('audio/ogg; codecs=opus'), voice('audio/mpeg')]).toEqual([true, false]);
  expect(compose.media(kept, { kind: 'sticker', animated: true })).toMatchObject({ sticker: { animated: true } });
});

test('the link of a webhook counts from the time of its message, so that of a late one is dead', () => {
  expect(linkIn(document({ at: now - 300_000 }))).toBeDefined();
  expect(linkIn(document({ at: now - 301_000 }))).toBeUndefined();
  expect(linkIn(document({ url: 'dead' }))).toBeUndefined();
  expect(document({ url: new URL('http://10.0.0.1/') })['url']).toBe('http://10.0.0.1/');
});

test('every fact of a media can be another or missing', () => {
  expect(document({ sha256: 'hex' })['sha256']).toBe(kept.sha256);
  expect(document({ sha256: 'wrong' })['sha256']).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  expect(document({ sha256: 'wrong' })['sha256']).not.toBe(base64);
  expect(document({ fileName: '../合同.pdf' })['filename']).toBe('../合同.pdf');
  expect(document({ sha256: 'missing', url: 'missing', fileName: null, declaredType: null, id: null })).toEqual({});
});

const hidden = (phoneWithheld: Person['phoneWithheld']): Person => ({
  ...somebody,
  userId: 'US.13491208655302741918',
  ...(phoneWithheld && { phoneWithheld }),
});

test.each([
  [undefined, { from: '16505551234' }, { wa_id: '16505551234' }],
  ['absent', {}, {}],
  ['empty', { from: '' }, { wa_id: '' }],
  ['user_id', { from: 'US.13491208655302741918' }, { wa_id: 'US.13491208655302741918' }],
] as const)('a person whose phone number is withheld (%s) is known by the user id', (withheld, from, waId) => {
  const { json } = compose.message(contents.text('hi'), { person: hidden(withheld), id: 'wamid.1' });
  const userId = 'US.13491208655302741918';
  expect(json).toEqual({
    ...from,
    from_user_id: userId,
    id: 'wamid.1',
    timestamp: String(now / 1000),
    type: 'text',
    text: { body: 'hi' },
  });
  expect(contactOf(hidden(withheld))).toEqual({ profile: { name: 'Sheena Nelson' }, ...waId, user_id: userId });
});

test('a body holds one entry for each account, with its changes in their order and each contact once', () => {
  const text = (body: string, person?: Person) => compose.message(contents.text(body), { ...(person && { person }) });
  const other = { phone: '39333', name: 'Zoë' };
  const body = compose.body([
    compose.received('111', [text('a'), text('b', other), text('c')]),
    compose.received('333', [text('d')], { contacts: 'missing' }),
    compose.statuses('222', [compose.status({ messageId: 'wamid.1', status: 'read' })]),
  ]);
  const metadata = (id: string) => ({ phone_number_id: id, display_phone_number: `1555${id}` });
  expect(body).toMatchObject({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: 'waba-1',
        changes: [
          {
            field: 'messages',
            value: {
              metadata: metadata('111'),
              contacts: [{ wa_id: '16505551234' }, { wa_id: '39333', profile: { name: 'Zoë' } }],
              messages: [{ text: { body: 'a' } }, { from: '39333' }, { text: { body: 'c' } }],
            },
          },
          {
            value: {
              metadata: metadata('222'),
              statuses: [{ id: 'wamid.1', status: 'read', timestamp: String(now / 1000), recipient_id: '16505551234' }],
            },
          },
        ],
      },
      { id: 'waba-2', changes: [{ value: { metadata: metadata('333') } }] },
    ],
  });
  expect(JSON.stringify(body).match(/"contacts"/g)).toHaveLength(1);
});

test('a thousand updates with long captions make a body of nearly 3 MB', () => {
  const message = compose.message(compose.media(kept, { caption: 'ü'.repeat(400) }));
  const size = escapedJson(compose.body([compose.received('111', Array<Message>(1000).fill(message))])).length;
  expect(size).toBeGreaterThan(2.7e6);
  expect(size).toBeLessThan(3e6);
});

test('an echo goes from the business to the person', () => {
  const person = hidden('absent');
  const message = compose.message(compose.media(kept), { person, id: 'wamid.1' });
  const { field, value } = compose.echoed('111', [message]);
  expect(field).toBe('smb_message_echoes');
  expect(value['message_echoes']).toEqual([
    expect.objectContaining({ from: '1555111', to_user_id: person.userId, id: 'wamid.1', type: 'document' }),
  ]);
  expect(value).not.toHaveProperty('messages');
});

test('a history comes in threads with placeholders, and its files follow under the same ids', () => {
  const placeholder = compose.message(contents.mediaPlaceholder(), { id: 'wamid.1' });
  const words = compose.message(contents.text('hi'), { person: { phone: '39333' } });
  expect(compose.history('111', [placeholder, words])).toMatchObject({
    field: 'history',
    value: {
      history: [
        {
          threads: [
            { id: '16505551234', messages: [{ id: 'wamid.1', type: 'media_placeholder' }] },
            { id: '39333', messages: [{ type: 'text' }] },
          ],
        },
      ],
    },
  } satisfies Partial<Change>);
  expect(compose.historyMedia('111', [compose.message(compose.media(kept), { id: 'wamid.1' })])).toMatchObject({
    field: 'history',
    value: { messages: [{ id: 'wamid.1', document: { id: kept.id } }] },
  });
});

test('an edit holds a whole content, and a revocation only the id of what is gone', () => {
  expect(contents.edit('wamid.1', compose.media(kept))).toMatchObject({
    edit: { original_message_id: 'wamid.1', message: { type: 'document', document: { id: kept.id } } },
  });
  expect(contents.revoke('wamid.1')).toEqual({ type: 'revoke', revoke: { original_message_id: 'wamid.1' } });
});

test('a flow reply carries its files, any JSON, or broken text, inside a text', () => {
  const textIn = (content: JsonObject) =>
    (content['interactive'] as { nfm_reply: { response_json: string } }).nfm_reply.response_json;
  const file = { id: kept.id, mime_type: kept.type, sha256: base64, file_name: 'order.pdf' };
  expect(JSON.parse(textIn(contents.flowFiles('photos', [file])))).toMatchObject({ photos: [file] });
  expect(textIn(contents.flowReply([1, 'a']))).toBe('[1,"a"]');
  expect(textIn(contents.flowReply({ brokenText: '{"a":' }))).toBe('{"a":');
});

test('group, context and referral stand in the message, and errors in place of a file', () => {
  const options = { groupId: 'group-1', context: { forwarded: true }, referral: { source_type: 'ad' } };
  expect(compose.message(contents.mediaFailed('image'), options).json).toMatchObject({
    group_id: 'group-1',
    context: { forwarded: true },
    referral: { source_type: 'ad' },
    type: 'image',
    errors: [{ code: 131052 }],
  });
  expect(contents.unsupported()).not.toHaveProperty('unsupported');
  expect(contents.unsupported('poll')).toMatchObject({ type: 'unsupported', unsupported: { type: 'poll' } });
});
