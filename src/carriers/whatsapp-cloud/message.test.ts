import { expect, test } from 'vitest';
import type { InboundMessage } from '../../core/carrier.ts';
import { readMessage, type Surroundings } from './message.ts';

const now = 1_744_344_600_000;
const sentAt = 1_744_344_496_000;
const week = 7 * 24 * 60 * 60 * 1000;
const around: Surroundings = {
  address: '1',
  direction: 'inbound',
  origin: 'live',
  counterpart: { identities: [], name: null },
  now,
};
const base64 = 'SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=';
const hex = '49f227634806293b0995459bc310b593e1400f41591efcf07e9bced335f41942';

function read(message: object): InboundMessage {
  const [update, ...rest] = readMessage({ id: 'wamid.A', timestamp: '1744344496', ...message }, around);
  expect(rest).toEqual([]);
  if (update?.is !== 'message') throw new Error(`no message: ${JSON.stringify(update)}`);
  return update;
}

const file = { mime_type: 'image/jpeg', sha256: base64, id: '1003383421387256' };
const plain = {
  carrierMediaId: '1003383421387256',
  caption: null,
  fileName: null,
  voice: false,
  animated: false,
  thumbnailOf: null,
  declaredType: 'image/jpeg',
  declaredSha256: hex,
  declaredSize: null,
  source: {},
  deadline: sentAt + week,
  unavailable: null,
};

test('a photo is one attachment with its caption, the message’s text', () => {
  const read1 = read({ type: 'image', image: { ...file, caption: 'Here' } });
  expect(read1).toMatchObject({ kind: 'image', text: 'Here', content: null, raw: null, sentAt });
  expect(read1.media).toEqual([{ ...plain, kind: 'image', caption: 'Here' }]);
});

test('each kind of media keeps what only it has', () => {
  expect(read({ type: 'audio', audio: { ...file, mime_type: 'audio/ogg; codecs=opus', voice: true } }).media).toEqual([
    { ...plain, kind: 'audio', voice: true, declaredType: 'audio/ogg; codecs=opus' },
  ]);
  expect(read({ type: 'sticker', sticker: { ...file, animated: true } }).media).toEqual([
    { ...plain, kind: 'sticker', animated: true },
  ]);
  expect(read({ type: 'video', video: file }).media).toEqual([{ ...plain, kind: 'video' }]);
  const fileName = '../../etc/\u202epasswd\u0000 請求書.pdf';
  expect(read({ type: 'document', document: { ...file, filename: fileName } }).media).toEqual([
    { ...plain, kind: 'document', fileName },
  ]);
});

test('the voice type of older systems is an audio that was recorded', () => {
  expect(read({ type: 'voice', voice: file })).toMatchObject({
    kind: 'audio',
    media: [{ kind: 'audio', voice: true }],
  });
});

test('a sha256 of any other length counts as not declared, hex in capitals as hex', () => {
  expect(read({ type: 'image', image: { ...file, sha256: hex.toUpperCase() } }).media[0]?.declaredSha256).toBe(hex);
  for (const sha256 of ['abc', base64.slice(1), `${hex}0`, 5, null]) {
    expect(read({ type: 'image', image: { ...file, sha256 } }).media[0]?.declaredSha256).toBeNull();
  }
});

test('a link of the webhook is kept with its end, and without one when it does not say', () => {
  const source = (url: unknown) => read({ type: 'image', image: { ...file, url } }).media[0]?.source;
  expect(source('https://lookaside.fbsbx.com/x/?mid=1&ext=1744344797&hash=A')).toEqual({
    url: 'https://lookaside.fbsbx.com/x/?mid=1&ext=1744344797&hash=A',
    url_expires_at: 1_744_344_797_000,
  });
  expect(source('https://lookaside.fbsbx.com/x/?ext=soon')).toEqual({ url: 'https://lookaside.fbsbx.com/x/?ext=soon' });
  for (const url of [7, 'nonsense', '', `https://x/${'a'.repeat(5000)}`]) expect(source(url)).toEqual({});
});

test('media without an id cannot be fetched, and says why', () => {
  expect(read({ type: 'image', image: { caption: 'lost' } })).toMatchObject({
    text: 'lost',
    media: [{ carrierMediaId: null, unavailable: 'media_id_missing' }],
  });
  expect(read({ type: 'document' }).media).toMatchObject([{ kind: 'document', unavailable: 'media_id_missing' }]);
  expect(read({ type: 'image', errors: [{ code: 131000 }] }).media).toMatchObject([{ unavailable: 'carrier_131000' }]);
});

test('a file that Meta could not take over is unavailable, with or without an id', () => {
  const errors = [{ code: 131052, title: 'Media is too big', error_data: { details: '100 MB' } }];
  expect(read({ type: 'image', image: file, errors })).toMatchObject({
    errors,
    media: [{ carrierMediaId: file.id, unavailable: 'carrier_131052' }],
  });
  expect(read({ type: 'unsupported', errors })).toMatchObject({
    kind: 'unsupported',
    media: [{ kind: 'file', unavailable: 'carrier_131052' }],
  });
  expect(read({ type: 'unsupported', unsupported: { type: 'video' }, errors }).media).toMatchObject([
    { kind: 'video' },
  ]);
});

test('an error of another kind does not keep a file from being fetched', () => {
  expect(read({ type: 'image', image: file, errors: [{ code: 131060 }] }).media).toMatchObject([{ unavailable: null }]);
});

test('an unsupported message has no attachment, with or without its object', () => {
  const errors = [{ code: 131051, title: 'Message type unknown' }];
  expect(read({ type: 'unsupported', errors })).toMatchObject({
    kind: 'unsupported',
    content: null,
    raw: null,
    errors,
    media: [],
  });
  expect(read({ type: 'unsupported', unsupported: { type: 'poll' }, errors })).toMatchObject({
    content: { unsupported: { type: 'poll' } },
    media: [],
  });
});

test.each([
  ['location', { latitude: 37.4, longitude: -122.1, name: 'Office' }],
  ['contacts', [{ name: { formatted_name: 'Ann' } }]],
  ['reaction', { message_id: 'wamid.B', emoji: '👍' }],
  ['order', { catalog_id: '1', product_items: [] }],
  ['button', { payload: 'p' }],
  ['system', { type: 'user_changed_number', wa_id: '2' }],
  ['request_welcome', {}],
])('%s is delivered as content under its own name', (type, object) => {
  expect(read({ type, [type]: object })).toMatchObject({
    kind: type,
    content: { [type]: object },
    raw: null,
    media: [],
  });
});

test('the words of a button, a chosen item, an order or a notice are its text', () => {
  const said = (message: object) => read(message).text;
  expect(said({ type: 'button', button: { payload: 'p', text: 'Yes' } })).toBe('Yes');
  expect(
    said({ type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: '1', title: 'Blue' } } }),
  ).toBe('Blue');
  expect(said({ type: 'order', order: { text: 'quick please' } })).toBe('quick please');
  expect(said({ type: 'system', system: { body: 'changed' } })).toBe('changed');
  expect(said({ type: 'interactive', interactive: { type: 'constructor' } })).toBeNull();
});

test('a type that we do not know keeps its name and the whole message', () => {
  const message = {
    id: 'wamid.A',
    timestamp: '1744344496',
    type: 'hologram',
    hologram: { id: '5', mime_type: 'model/x' },
  };
  expect(read(message)).toMatchObject({ kind: 'hologram', raw: message, content: null, media: [] });
  expect(read({ image: file })).toMatchObject({ kind: 'unknown', raw: { image: file } });
  expect(read({ type: 'constructor' })).toMatchObject({ kind: 'constructor', content: null });
  expect(read({ type: 'x'.repeat(500) }).kind).toHaveLength(64);
});

test('JSON beyond 64 KiB is left out and said to be', () => {
  expect(read({ type: 'hologram', hologram: 'x'.repeat(65_536) }).raw).toEqual({ truncated: true });
  expect(read({ type: 'location', location: { name: 'x'.repeat(65_536) } }).content).toEqual({ truncated: true });
});

test('an edit carries its new content and points to what it edits', () => {
  const edit = {
    original_message_id: 'wamid.0',
    message: { type: 'image', image: { ...file, caption: 'new' }, context: { id: 'wamid.Q' } },
  };
  expect(read({ type: 'edit', edit })).toMatchObject({
    kind: 'edit',
    dedupeKey: 'wamid.A',
    text: 'new',
    context: { edits: 'wamid.0', reply_to: { carrier_message_id: 'wamid.Q' } },
    media: [{ kind: 'image', carrierMediaId: file.id }],
  });
  expect(
    read({ type: 'edit', edit: { original_message_id: 'w', message: { type: 'text', text: { body: 'b' } } } }),
  ).toMatchObject({ text: 'b', content: null });
  expect(read({ type: 'edit', edit: { message: { type: 'hologram' } } }).content).toEqual({
    edit: { message: { type: 'hologram' } },
  });
  expect(read({ type: 'edit' })).toMatchObject({ kind: 'edit', text: null, media: [], context: null });
});

test('a revocation points to what it takes back', () => {
  expect(read({ type: 'revoke', revoke: { original_message_id: 'wamid.0' } })).toMatchObject({
    kind: 'revoke',
    context: { revokes: 'wamid.0' },
    content: null,
    raw: null,
  });
});

test('replies, forwards, products and advertisements are told in our words', () => {
  expect(read({ type: 'text', context: { forwarded: true, frequently_forwarded: true } }).context).toEqual({
    forwarded: true,
    frequently_forwarded: true,
  });
  const referred_product = { catalog_id: 'c', product_retailer_id: 'p' };
  expect(
    read({ type: 'text', context: { from: '1', id: 'w', referred_product }, referral: { source_type: 'ad' } }).context,
  ).toEqual({
    reply_to: { carrier_message_id: 'w', from: '1' },
    referred_product,
    referral: { source_type: 'ad' },
  });
  expect(read({ type: 'text', context: { from: '1', forwarded: 'yes' } }).context).toBeNull();
});

test('a message of a group names the group', () => {
  expect(read({ type: 'text', group_id: 'Y2FwaV9ncm91cDox' }).groupId).toBe('Y2FwaV9ncm91cDox');
});

test('complaints about a message are kept in the words of the carrier, at most 20', () => {
  const errors = Array.from({ length: 30 }, (_, at) => ({ code: at, title: 'odd' }));
  expect(read({ type: 'text', errors: [null, ...errors] }).errors).toEqual(errors.slice(0, 20));
});

test('a time that is missing or cannot be true is the time of receipt', () => {
  expect(read({ timestamp: 1744344496 }).sentAt).toBe(sentAt);
  expect(read({ timestamp: String(now / 1000 + 86_400) }).sentAt).toBe(now + 86_400_000);
  for (const timestamp of [undefined, '', 'x', '0', '1', '1744344496000', String(now / 1000 + 86_401), -5, 1e300, {}]) {
    expect(read({ timestamp }).sentAt, String(timestamp)).toBe(now);
  }
});

test('long texts are cut and no character is split', () => {
  expect(Buffer.byteLength(read({ type: 'text', text: { body: 'é'.repeat(100_000) } }).text ?? '')).toBe(64 * 1024);
  expect(
    Buffer.byteLength(read({ type: 'image', image: { ...file, caption: '€'.repeat(10_000) } }).media[0]?.caption ?? ''),
  ).toBe(16_383);
  expect(
    Buffer.byteLength(
      read({ type: 'document', document: { ...file, filename: 'n'.repeat(10_000) } }).media[0]?.fileName ?? '',
    ),
  ).toBe(4096);
});

test('more files than a flow can hold are cut, and the cut is reported', () => {
  const files = Array.from({ length: 300 }, (_, at) => ({ id: String(at), mime_type: 'image/png' }));
  const interactive = { type: 'nfm_reply', nfm_reply: { response_json: JSON.stringify({ files }) } };
  const updates = readMessage({ id: 'a', type: 'interactive', interactive }, around);
  expect(updates).toMatchObject([
    { is: 'message', content: { interactive: { type: 'nfm_reply' } } },
    { is: 'unparsed' },
  ]);
  expect(updates[0]?.is === 'message' && updates[0].media.length).toBe(256);
});
