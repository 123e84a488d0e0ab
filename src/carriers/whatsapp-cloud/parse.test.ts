import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Account, InboundMessage, Update } from '../../core/carrier.ts';
import { parse } from './parse.ts';

const now = Date.UTC(2026, 10, 2);
const account: Account = { settings: {}, secrets: {} };
const metadata = { display_phone_number: '15550783881', phone_number_id: '106540352242922' };

const read = (body: unknown): Update[] =>
  parse(
    {
      method: 'POST',
      url: new URL('https://gateway.example/in/con_1'),
      headers: {},
      body: body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body)),
    },
    account,
    now,
  );

const webhook = (...changes: unknown[]) => ({ object: 'whatsapp_business_account', entry: [{ id: '1', changes }] });
const change = (value: object, field = 'messages') => ({
  field,
  value: { messaging_product: 'whatsapp', metadata, ...value },
});
const text = (id: string, from = '16505551234') => ({
  from,
  id,
  timestamp: '1790000000',
  type: 'text',
  text: { body: id },
});

const messages = (updates: Update[]): InboundMessage[] => updates.filter((update) => update.is === 'message');
const kinds = (updates: Update[]): string[] => updates.map((update) => update.is);

test('a message is read with its channel, its sender and its words', () => {
  const contacts = [{ profile: { name: 'Sheena Nelson' }, wa_id: '16505551234', user_id: 'US.134912' }];
  expect(read(webhook(change({ contacts, messages: [text('wamid.A=')] })))).toEqual([
    {
      is: 'message',
      address: '106540352242922',
      dedupeKey: 'wamid.A=',
      carrierMessageId: 'wamid.A=',
      direction: 'inbound',
      origin: 'live',
      kind: 'text',
      text: 'wamid.A=',
      identities: [
        { kind: 'phone', value: '16505551234' },
        { kind: 'user_id', value: 'US.134912' },
      ],
      name: 'Sheena Nelson',
      groupId: null,
      context: null,
      content: null,
      raw: null,
      errors: [],
      sentAt: 1_790_000_000_000,
      media: [],
    },
  ]);
});

test('a thousand updates over entries, changes and numbers all arrive, in their order', () => {
  const entries = Array.from({ length: 10 }, (_, entry) => ({
    id: String(entry),
    changes: Array.from({ length: 10 }, (_, place) => ({
      field: 'messages',
      value: {
        metadata: { phone_number_id: `number-${place % 3}` },
        messages: Array.from({ length: 5 }, (_, at) => text(`m-${entry}-${place}-${at}`)),
        statuses: Array.from({ length: 5 }, () => ({ id: 'x', status: 'read' })),
      },
    })),
  }));
  const updates = read({ object: 'whatsapp_business_account', entry: entries });
  expect(updates).toHaveLength(1000);
  expect(new Set(messages(updates).map(({ dedupeKey }) => dedupeKey)).size).toBe(500);
  expect(
    messages(updates)
      .slice(4, 7)
      .map(({ dedupeKey, address }) => [dedupeKey, address]),
  ).toEqual([
    ['m-0-0-4', 'number-0'],
    ['m-0-1-0', 'number-1'],
    ['m-0-1-1', 'number-1'],
  ]);
});

test('three megabytes of messages beside as many contacts are read in one go', () => {
  const people = Array.from({ length: 1000 }, (_, at) => String(10_000_000_000 + at));
  const value = {
    contacts: people.map((wa_id) => ({ wa_id, profile: { name: `name of ${wa_id}` } })),
    messages: people.map((from) => ({ ...text(`id ${from}`, from), text: { body: 'é'.repeat(1500) } })),
  };
  const found = messages(read(webhook(change(value))));
  expect(found.map(({ name }) => name)).toEqual(people.map((from) => `name of ${from}`));
});

test('messages, statuses and errors of one value all count', () => {
  const value = {
    messages: [text('a')],
    statuses: [{}, {}],
    errors: [{ code: 131035, title: 'gone' }, { code: { toString: 1 } }],
  };
  expect(read(webhook(change(value))).slice(1)).toEqual([
    { is: 'status', address: '106540352242922' },
    { is: 'status', address: '106540352242922' },
    { is: 'notice', address: '106540352242922', about: 'error 131035' },
    { is: 'notice', address: '106540352242922', about: 'error without code' },
  ]);
});

test('an item that cannot be read leaves its siblings alone', () => {
  const value = {
    messages: [text('a'), null, { ...text('b'), id: undefined }, { ...text('c'), id: '' }, 7, text('d')],
    statuses: [null],
  };
  const updates = read({
    object: 'whatsapp_business_account',
    entry: [null, ...webhook(change(value), 'odd', { field: 'messages' }).entry],
  });
  expect(messages(updates).map(({ dedupeKey }) => dedupeKey)).toEqual(['a', 'd']);
  expect(updates.filter(({ is }) => is === 'unparsed')).toHaveLength(8);
});

test('a message that names no phone number is unparsed, a status without one is a status', () => {
  const value = { metadata: {}, messages: [text('a')], statuses: [{}] };
  expect(kinds(read(webhook({ field: 'messages', value })))).toEqual(['unparsed', 'status']);
});

test('a body that is no JSON, of another object, or empty is unparsed as a whole', () => {
  for (const body of [
    Buffer.from('{"object":'),
    Buffer.from([0xff, 0xfe]),
    Buffer.alloc(0),
    null,
    [],
    {},
    { object: 'page', entry: [] },
  ]) {
    expect(kinds(read(body))).toEqual(['unparsed']);
  }
  expect(kinds(read({ object: 'whatsapp_business_account', entry: [] }))).toEqual(['unparsed']);
  expect(kinds(read(webhook()))).toEqual(['unparsed']);
  expect(kinds(read(webhook(change({}))))).toEqual(['unparsed']);
});

test('a field that is not about messages is a notice', () => {
  expect(read(webhook(change({ event: 'APPROVED' }, 'message_template_status_update')))).toEqual([
    { is: 'notice', address: '106540352242922', about: 'message_template_status_update' },
  ]);
});

test('what the business wrote in its phone app is an echo towards its recipient', () => {
  const message = { ...text('wamid.E', '15550783881'), to: '16505551234', to_user_id: 'US.134912' };
  const [echo] = messages(read(webhook(change({ message_echoes: [message] }, 'smb_message_echoes'))));
  expect(echo).toMatchObject({
    direction: 'echo',
    origin: 'live',
    identities: [
      { kind: 'phone', value: '16505551234' },
      { kind: 'user_id', value: 'US.134912' },
    ],
  });
});

test('a chat history holds both sides, told apart by the number of the business', () => {
  const threads = [
    {
      id: '16505551234',
      messages: [
        text('h1'),
        { ...text('h2', '15550783881'), to: '16505551234' },
        { ...text('h3'), type: 'media_placeholder', text: undefined },
        text('h4', '15550783881'),
      ],
    },
  ];
  const value = { history: [{ metadata: { phase: 0 }, threads }, { errors: [{ code: 2593109 }] }] };
  const updates = read(webhook(change(value, 'history')));
  const customer = [{ kind: 'phone', value: '16505551234' }];
  expect(messages(updates)).toMatchObject([
    { dedupeKey: 'h1', direction: 'inbound', origin: 'history', identities: customer },
    { dedupeKey: 'h2', direction: 'echo', origin: 'history', identities: customer },
    { dedupeKey: 'h3', direction: 'inbound', kind: 'media_placeholder', raw: null, media: [] },
    { dedupeKey: 'h4', direction: 'echo', identities: customer },
  ]);
  expect(updates.at(-1)).toEqual({ is: 'notice', address: '106540352242922', about: 'error 2593109' });
});

test('in a chat history that does not name the number of the business a sender unknown is not taken for it', () => {
  const value = {
    metadata: { phone_number_id: '1' },
    messages: [{ ...text('h1'), from: undefined, from_user_id: 'US.1' }],
  };
  expect(messages(read(webhook(change(value, 'history'))))).toMatchObject([{ direction: 'inbound' }]);
});

test('media of a chat history follows under the id of its placeholder, and can be fetched for a week from now', () => {
  const message = {
    from: '15550783881',
    to: '16505551234',
    id: 'h3',
    timestamp: '1793000000',
    type: 'image',
    image: { id: '77', mime_type: 'image/jpeg' },
  };
  const [read3] = messages(read(webhook(change({ messages: [message] }, 'history'))));
  expect(read3).toMatchObject({
    dedupeKey: 'h3',
    direction: 'echo',
    origin: 'history',
    media: [{ carrierMediaId: '77', deadline: now + 7 * 86_400_000 }],
  });
});

test('one contact beside several messages names only the messages that are his', () => {
  const contacts = [{ wa_id: '1', user_id: 'US.1', profile: { name: 'One' } }];
  const found = messages(read(webhook(change({ contacts, messages: [text('a', '1'), text('b', '2')] }))));
  expect(found.map(({ name }) => name)).toEqual(['One', null]);
});

test('among several contacts a sender is found by the user id too, and a username stands in for a name', () => {
  const contacts = [
    { user_id: 'US.1', profile: { username: 'one' } },
    { user_id: 'US.2', profile: { name: 'Two', username: 'two' } },
  ];
  const value = { contacts, messages: [text('a', 'US.2'), { ...text('b', ''), from_user_id: 'US.1' }] };
  expect(messages(read(webhook(change(value)))).map(({ name }) => name)).toEqual(['Two', 'one']);
});

test('one contact beside one message is its sender, though the numbers differ by a digit', () => {
  const contacts = [{ wa_id: '5511987654321', profile: { name: 'Ana' } }];
  const [message] = messages(read(webhook(change({ contacts, messages: [text('a', '551187654321')] }))));
  expect(message).toMatchObject({ name: 'Ana', identities: [{ value: '551187654321' }, { value: '5511987654321' }] });
});

test.each([
  ['absent', {}, {}],
  ['empty', { from: '' }, { wa_id: '' }],
  ['the user id itself', { from: 'US.134912' }, { wa_id: 'US.134912' }],
])('a sender without a phone number, the number being %s, is known by the user id alone', (_, from, wa) => {
  const message = {
    ...text('a'),
    from: undefined,
    from_user_id: 'US.134912',
    from_parent_user_id: 'US.ENT.5',
    ...from,
  };
  const contacts = [{ ...wa, user_id: 'US.134912', profile: { name: 'Sheena' } }];
  const [found] = messages(read(webhook(change({ contacts, messages: [message] }))));
  expect(found?.name).toBe('Sheena');
  expect([...(found?.identities ?? [])].sort((a, b) => a.kind.localeCompare(b.kind))).toEqual([
    { kind: 'parent_user_id', value: 'US.ENT.5' },
    { kind: 'user_id', value: 'US.134912' },
  ]);
});

test('a message whose sender cannot be told is still a message', () => {
  const [found] = messages(read(webhook(change({ messages: [{ ...text('a'), from: ['?'] }] }))));
  expect(found).toMatchObject({ dedupeKey: 'a', identities: [], name: null });
});

test('nesting without end breaks nothing', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const body = `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"messages":[{"id":"a","type":"novel","novel":${deep}},{"id":"b","type":"text","text":{"body":"hi"}}]}}]}]}`;
  expect(messages(read(Buffer.from(body))).map(({ dedupeKey }) => dedupeKey)).toEqual(['a', 'b']);
});

test('whatever stands inside a message, it is read into something that survives JSON, and its siblings with it', () => {
  const names = fc.constantFrom(
    'id',
    'type',
    'image',
    'text',
    'edit',
    'interactive',
    'context',
    'errors',
    'constructor',
    '__proto__',
    'toString',
  );
  const { any } = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('image', 'edit', 'interactive', 'constructor', '\u0000', '\ud800', 1e308 * 10, -0, null),
      fc.string(),
      fc.integer(),
      fc.array(tie('any')),
      fc.dictionary(fc.oneof(names, fc.string()), tie('any')),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(names, any), (message) => {
      const found = messages(read(webhook(change({ contacts: [message], messages: [message, text('sibling')] }))));
      expect(found.at(-1)?.dedupeKey).toBe('sibling');
      expect(structuredClone(JSON.parse(JSON.stringify(found)))).toEqual(found);
    }),
  );
});
