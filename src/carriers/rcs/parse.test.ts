import { expect, test } from 'vitest';
import type { Account, InboundMessage, Update } from '../../core/carrier.ts';
import { parse } from './parse.ts';

const now = Date.UTC(2026, 10, 2);
const day = 24 * 60 * 60 * 1000;
const account: Account = { settings: {}, secrets: {} };

const around = {
  senderPhoneNumber: '+12223334444',
  messageId: 'a0aLnfkzUVMOPaC5ZK7ZsPvQ',
  sendTime: '2026-11-01T23:59:23.045123456Z',
  agentId: 'growing-tree-bank@rbm.goog',
};

function read(event: unknown, settings: Account['settings'] = {}): Update[] {
  const data = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)).toString('base64');
  return readBody({ message: { data } }, settings);
}

const readBody = (body: unknown, settings: Account['settings'] = {}): Update[] =>
  parse(
    {
      method: 'POST',
      url: new URL('https://gateway.example/in/con_1'),
      headers: {},
      body: Buffer.from(JSON.stringify(body)),
    },
    { ...account, settings },
    now,
  );

function message(content: object): InboundMessage {
  const [update] = read({ ...around, ...content });
  if (update?.is !== 'message') throw new Error(`no message: ${JSON.stringify(update)}`);
  return update;
}

const payload = {
  mimeType: 'image/gif',
  fileSizeBytes: 127_806,
  fileName: '4_animated.gif',
  fileUri: 'https://storage.googleapis.com/copper_test/uuid/hex',
};
const thumbnail = {
  mimeType: 'image/jpeg',
  fileSizeBytes: 1280,
  fileName: '4_animated.jpeg',
  fileUri: 'https://rcs-copper-us.googleapis.com/uuid/hex2',
};

test('a text says who wrote what to which agent, and when', () => {
  expect(message({ text: 'Hello' })).toEqual({
    is: 'message',
    address: 'growing-tree-bank@rbm.goog',
    dedupeKey: '+12223334444\ta0aLnfkzUVMOPaC5ZK7ZsPvQ',
    carrierMessageId: 'a0aLnfkzUVMOPaC5ZK7ZsPvQ',
    direction: 'inbound',
    origin: 'live',
    kind: 'text',
    text: 'Hello',
    identities: [{ kind: 'phone', value: '12223334444' }],
    name: null,
    groupId: null,
    context: null,
    content: null,
    raw: null,
    errors: [],
    sentAt: Date.UTC(2026, 10, 1, 23, 59, 23, 45),
    media: [],
  });
});

test('a file and its thumbnail are two media, and the thumbnail names its file', () => {
  const { kind, text, media } = message({ userFile: { payload, thumbnail } });
  expect({ kind, text }).toEqual({ kind: 'image', text: null });
  expect(media).toEqual([
    {
      kind: 'image',
      carrierMediaId: null,
      caption: null,
      fileName: '4_animated.gif',
      voice: false,
      animated: false,
      thumbnailOf: null,
      declaredType: 'image/gif',
      declaredSha256: null,
      declaredSize: 127_806,
      source: { url: payload.fileUri, announced_at: now },
      unavailable: null,
      deadline: Date.UTC(2026, 10, 1, 23, 59, 23, 45) + 30 * day,
    },
    expect.objectContaining({
      thumbnailOf: 0,
      declaredType: 'image/jpeg',
      declaredSize: 1280,
      source: { url: thumbnail.fileUri, announced_at: now },
    }),
  ]);
});

test('a file without thumbnail is one media, of a kind that its type tells', () => {
  for (const [mimeType, kind] of [
    ['image/jpeg', 'image'],
    ['audio/mp4', 'audio'],
    ['video/mp4', 'video'],
    ['application/pdf', 'document'],
    ['application/x-pem-file', 'document'],
    [undefined, 'file'],
  ]) {
    const read = message({ userFile: { payload: { ...payload, mimeType } } });
    expect([read.kind, read.media.map((media) => media.kind)]).toEqual([kind, [kind]]);
  }
});

test('a size may be written as digits; a size of nothing and an empty name say nothing', () => {
  const size = (fileSizeBytes: unknown) =>
    message({ userFile: { payload: { ...payload, fileSizeBytes } } }).media[0]?.declaredSize;
  expect([size('127806'), size(0), size('0'), size(-1), size('many'), size(undefined)]).toEqual([
    127_806,
    null,
    null,
    null,
    null,
    null,
  ]);
  expect(message({ userFile: { payload: { ...payload, fileName: '' } } }).media[0]?.fileName).toBeNull();
});

test('a file without a usable address is announced all the same, with the reason', () => {
  const why = (fileUri: unknown) =>
    message({ userFile: { payload: { ...payload, fileUri } } }).media.map(({ unavailable }) => unavailable);
  expect(why(undefined)).toEqual(['media_id_missing']);
  expect(why('')).toEqual(['media_id_missing']);
  expect(message({ userFile: {} }).media).toMatchObject([{ kind: 'file', unavailable: 'media_id_missing' }]);
  for (const odd of ['not an address', 'ftp://storage.googleapis.com/x', 'https://u:p@storage.googleapis.com/x']) {
    expect(why(odd), odd).toEqual(['invalid_url']);
  }
  expect(why(`https://storage.googleapis.com/${'x'.repeat(5000)}`)).toEqual(['invalid_url']);
});

test('a location and the answer to a suggestion are told as other carriers tell them', () => {
  const location = { latitude: 37.422, longitude: -122.084058 };
  expect(message({ location })).toMatchObject({ kind: 'location', text: null, content: { location } });
  const suggestionResponse = { postbackData: 'id_of_reply', text: 'Yes', type: 'REPLY' };
  expect(message({ suggestionResponse })).toMatchObject({
    kind: 'button',
    text: 'Yes',
    content: { button: { payload: 'id_of_reply', text: 'Yes', type: 'REPLY' } },
    raw: null,
  });
});

test('a message of a kind to come is delivered as it is, but for the addresses of files', () => {
  const hologram = { frames: [{ fileUri: 'https://storage.googleapis.com/secret', depth: 3 }] };
  const read = message({ hologram });
  expect(read).toMatchObject({ kind: 'unknown', text: null, content: null, media: [] });
  expect(read.raw).toMatchObject({ hologram: { frames: [{ depth: 3 }] } });
  expect(JSON.stringify(read)).not.toContain('secret');
});

test('the same id from two senders is two messages, and no sender and id run into another pair', () => {
  const key = (senderPhoneNumber: unknown, messageId: string) =>
    message({ text: 'x', senderPhoneNumber, messageId }).dedupeKey;
  const keys = [key('+1', 'M1'), key('+2', 'M1'), key('+1', 'M2'), key('+1M', '1'), key(undefined, 'M1')];
  expect(new Set(keys).size).toBe(keys.length);
});

test('whatever happened to a message is a status, of types to come as well', () => {
  for (const eventType of [
    'DELIVERED',
    'READ',
    'IS_TYPING',
    'SUBSCRIBE',
    'UNSUBSCRIBE',
    'TTL_EXPIRATION_REVOKED',
    'NEW',
  ]) {
    expect(read({ ...around, eventType, eventId: 'E1' })).toEqual([{ is: 'status', address: around.agentId }]);
  }
  expect(read({ phoneNumber: '+1', eventType: 'TTL_EXPIRATION_REVOKE_FAILED' })).toEqual([
    { is: 'status', address: null },
  ]);
});

test('a time that is missing, of another form or in the days to come is the time of receipt', () => {
  const sentAt = (sendTime: unknown) => message({ text: 'x', sendTime }).sentAt;
  expect(sentAt('2026-11-01T23:59:23Z')).toBe(Date.UTC(2026, 10, 1, 23, 59, 23));
  expect(sentAt('2026-11-01T23:59:23.1+01:00')).toBe(Date.UTC(2026, 10, 1, 22, 59, 23, 100));
  for (const odd of [
    undefined,
    7,
    '',
    'yesterday',
    '2026-13-01T00:00:00Z',
    '1999-01-01T00:00:00Z',
    '2026-11-09T00:00:00Z',
  ]) {
    expect(sentAt(odd), String(odd)).toBe(now);
  }
});

test('an event that names no agent belongs to the one that the connection is for', () => {
  const { agentId: _, ...nameless } = { ...around, text: 'x' };
  expect(read(nameless, { agent_id: 'mine@rbm.goog' })).toMatchObject([{ is: 'message', address: 'mine@rbm.goog' }]);
  expect(read({ ...around, text: 'x' }, { agent_id: 'mine@rbm.goog' })).toMatchObject([{ address: around.agentId }]);
  expect(read(nameless)).toMatchObject([{ is: 'unparsed' }]);
});

test('what cannot be read is said to be so, and nothing is thrown', () => {
  for (const body of [null, [], {}, { message: { data: 7 } }]) {
    expect(readBody(body), JSON.stringify(body)).toMatchObject([{ is: 'unparsed' }]);
  }
  for (const event of ['{"cut":', '[]', '""', { ...around, messageId: '', text: 'x' }, { agentId: 'a' }]) {
    expect(read(event), JSON.stringify(event)).toMatchObject([{ is: 'unparsed' }]);
  }
});
