import { expect, test } from 'vitest';
import type { InboundMessage, Update } from '../../core/carrier.ts';
import { parse } from './parse.ts';
import { readConnection } from './settings.ts';

const now = Date.UTC(2026, 10, 2);
const sid = (kind: string, digit: string): string => kind + digit.repeat(32);
const accountSid = sid('AC', '0');
const account = readConnection({ account_sid: accountSid, auth_token: 'token' });
const base = `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Messages/${sid('MM', '1')}/Media/`;
const url = (digit: string): string => base + sid('ME', digit);

const sms = {
  MessageSid: sid('SM', '1'),
  AccountSid: accountSid,
  From: '+15017122661',
  To: '+15558675310',
  NumMedia: '0',
};

function read(parameters: Record<string, string>, settings: Record<string, unknown> = {}): Update[] {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = Buffer.from(String(new URLSearchParams(parameters)));
  const by = readConnection(settings, account);
  return parse({ method: 'POST', url: new URL('https://gw.example/in/con_1'), headers, body }, by, now);
}

function message(parameters: Record<string, string>, settings?: Record<string, unknown>): InboundMessage {
  const [update] = read({ ...sms, ...parameters }, settings);
  if (update?.is !== 'message') throw new Error(`no message was read: ${JSON.stringify(update)}`);
  return update;
}

const files = (urls: string[], type = 'image/jpeg'): Record<string, string> => ({
  NumMedia: String(urls.length),
  ...Object.fromEntries(
    urls.flatMap((one, at) => [
      [`MediaUrl${at}`, one],
      [`MediaContentType${at}`, type],
    ]),
  ),
});

test('an SMS is a text from a number, at the number it was sent to', () => {
  expect(message({ Body: 'Wann kommt der Gutachter?' })).toMatchObject({
    address: '+15558675310',
    dedupeKey: sid('SM', '1'),
    kind: 'text',
    text: 'Wann kommt der Gutachter?',
    identities: [{ kind: 'phone', value: '15017122661' }],
    sentAt: now,
    media: [],
  });
});

test('ten pictures are ten media of one message, in their order, the caption on the first', () => {
  const digits = [...'0123456789'];
  const { media, text, kind } = message({ ...files(digits.map(url)), Body: 'The damage' });
  expect(kind).toBe('image');
  expect(text).toBe('The damage');
  expect(media.map(({ carrierMediaId }) => carrierMediaId)).toEqual(digits.map((digit) => sid('ME', digit)));
  expect(media.map(({ caption }) => caption)).toEqual(['The damage', ...Array(9).fill(null)]);
  for (const claim of media)
    expect(claim).toMatchObject({ kind: 'image', declaredType: 'image/jpeg', unavailable: null });
});

test('files after the tenth are left out and said so', () => {
  const updates = read({ ...sms, ...files([...'0123456789ab'].map(url)) });
  expect(updates).toMatchObject([{ is: 'message' }, { is: 'unparsed' }]);
  expect(updates[0]).toHaveProperty('media.length', 10);
});

test('files are counted by their addresses too, and one without an address is missed and not forgotten', () => {
  const { NumMedia: _, ...uncounted } = files([url('1'), url('2')]);
  expect(message(uncounted).media).toHaveLength(2);
  expect(message({ ...files([url('1')]), NumMedia: '2' }).media[1]).toMatchObject({
    carrierMediaId: null,
    unavailable: 'media_id_missing',
  });
});

test.each([
  'https://api.twilio.com.evil.example/',
  'https://api.twilio.com@evil.example/',
  'http://api.twilio.com/',
  'https://API.twilio.com:8443/',
  'https://evil.example/',
])('a media address at %s is unavailable and leaves nothing that could be asked for', (start) => {
  const [claim] = message(files([url('1').replace('https://api.twilio.com/', start)])).media;
  expect(claim).toMatchObject({ carrierMediaId: null, source: {}, unavailable: 'media_url_refused' });
});

test.each([
  ["another account's", url('1').replace(accountSid, sid('AC', '9'))],
  ['with dots in its path', url('1').replace('/Media/', '/../../x/Media/')],
  ['with a query', `${url('1')}?x=1`],
  ['with another ending', `${url('1')}.json`],
])('a media address that is %s is refused', (_, address) => {
  expect(message(files([address])).media[0]).toMatchObject({ carrierMediaId: null, unavailable: 'media_url_refused' });
});

test('WhatsApp tells stickers, voice notes, names, replies and places', () => {
  const whatsapp = {
    From: 'whatsapp:+16505551234',
    To: 'whatsapp:+14155238886',
    WaId: '16505551234',
    ProfileName: 'Sheena',
  };
  expect(message({ ...whatsapp, ...files([url('1')], 'image/webp'), MessageType: 'sticker' })).toMatchObject({
    address: 'whatsapp:+14155238886',
    kind: 'sticker',
    name: 'Sheena',
    identities: [{ kind: 'phone', value: '16505551234' }],
  });
  expect(message({ ...whatsapp, ...files([url('1')], 'audio/ogg'), MessageType: 'audio' }).media[0]).toMatchObject({
    kind: 'audio',
    voice: true,
  });
  const place = { MessageType: 'location', Latitude: '52.5', Longitude: '13.4', Address: 'Berlin' };
  expect(message({ ...whatsapp, ...place })).toMatchObject({
    kind: 'location',
    content: { location: { latitude: '52.5', longitude: '13.4', address: 'Berlin' } },
  });
  const reply = { OriginalRepliedMessageSid: sid('SM', '7'), OriginalRepliedMessageSender: 'whatsapp:+14155238886' };
  expect(message({ ...whatsapp, ...reply, Forwarded: 'true', Body: 'yes' }).context).toEqual({
    forwarded: true,
    reply_to: { carrier_message_id: sid('SM', '7'), from: 'whatsapp:+14155238886' },
  });
});

test('a person without a shown number is known by the id that stands in its place', () => {
  const hidden = { From: 'whatsapp:ID.4566546130240823', ExternalUserId: 'whatsapp:ID.4566546130240823' };
  expect(message({ ...hidden, ParentExternalUserId: 'whatsapp:PID.1' }).identities).toEqual([
    { kind: 'user_id', value: 'ID.4566546130240823' },
    { kind: 'parent_user_id', value: 'PID.1' },
  ]);
});

test('RCS comes to its agent, a pressed suggestion is a button, and unknown parameters are passed on', () => {
  const rcs = { From: 'rcs:+15551234567', To: 'rcs:brand_agent', ButtonText: 'Call me', ButtonPayload: 'cb', New: 'x' };
  expect(message(rcs)).toMatchObject({
    address: 'rcs:brand_agent',
    kind: 'button',
    text: 'Call me',
    identities: [{ kind: 'phone', value: '15551234567' }],
    content: { button: { text: 'Call me', payload: 'cb' }, parameters: { New: 'x' } },
  });
});

test('by Messaging Service, the service is the address and the number is told; without one the number is the address', () => {
  const byService = { channel_by: 'messaging_service' };
  const service = { MessagingServiceSid: sid('MG', '1') };
  expect(message(service, byService)).toMatchObject({ address: sid('MG', '1'), context: { to: '+15558675310' } });
  expect(message({}, byService)).toMatchObject({ address: '+15558675310', context: null });
  expect(message(service)).toMatchObject({ address: '+15558675310', context: null });
});

test('the status of a sent message is counted, and what is neither is said to be unparsed', () => {
  expect(read({ ...sms, MessageStatus: 'delivered' })).toEqual([{ is: 'status', address: '+15017122661' }]);
  expect(read({ From: '+1', To: '+2' })).toEqual([{ is: 'unparsed', reason: 'There is no MessageSid.' }]);
  expect(read({ MessageSid: sid('SM', '1') })).toHaveProperty('0.is', 'unparsed');
});

test('a form repeated by the fallback address is the same message', () => {
  expect(message({ ErrorCode: '11200', ErrorUrl: 'https://gw.example/in/con_1' })).toEqual(message({}));
});

// Four MiB, the most that is taken by default.
test('a JSON body with as many members as fit into a webhook is read without an error', () => {
  const members = Array.from({ length: 355_000 }, (_, at) => `"p${at}":1`).join(',');
  const body = Buffer.from(`{"MessageSid":"SM1","From":"+1","To":"+2",${members}}`);
  const headers = { 'content-type': 'application/json' };
  const updates = parse({ method: 'POST', url: new URL('https://gw.example/in/con_1'), headers, body }, account, now);
  expect(updates).toMatchObject([{ is: 'message', content: { parameters: { truncated: true } } }]);
});
