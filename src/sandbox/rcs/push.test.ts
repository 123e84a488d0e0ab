import { expect, test } from 'vitest';
import { rcsContents, rcsEvents } from './events.ts';
import { makePush, signData } from './push.ts';

const clientToken = 'SJENCPGJESMGUFPY';

test('data are signed as Google signs them, to the letter of a known vector', () => {
  const data =
    '{"agentId":"a@rbm.goog","senderPhoneNumber":"+12223334444","messageId":"M1","sendTime":"2018-12-31T15:01:23.045123456Z","text":"Hello"}';
  const signature = 'Gc5+iO7PTclfKiC4WWUeJii6Tyh7asLaWbEKOHUYns6yXoT0rugXMyXnxmgP6B6Epm8ZSjzSqLoGN/CNmdL7kw==';
  expect(signData(data, clientToken)).toBe(signature);
  expect(makePush({}, 0, { clientToken, data }).headers).toEqual({ 'x-goog-signature': signature });
});

const events = rcsEvents('a@rbm.goog', { now: () => Date.UTC(2026, 10, 2) });
const read = (body: Uint8Array) => JSON.parse(Buffer.from(body).toString());

test('the newer envelope says beside the data what they are, the older one has its ids twice', () => {
  const { event } = events.message(rcsContents.location(1, 2));
  const newer = read(makePush(event, 0, { clientToken, publicationId: '7' }).body);
  expect(newer.message.attributes).toMatchObject({
    type: 'message',
    message_type: 'LOCATION',
    business_id: 'a@rbm.goog',
  });
  expect(JSON.parse(Buffer.from(newer.message.data, 'base64').toString())).toEqual(event);
  const receipt = read(makePush(events.userEvent('READ', 'M1'), 0, { clientToken }).body);
  expect(receipt.message.attributes).toMatchObject({ type: 'event', event_type: 'READ' });
  const older = read(makePush(event, 0, { clientToken, publicationId: '7', envelope: 'older' }).body);
  expect(older.message).toMatchObject({ messageId: '7', message_id: '7', publish_time: '1970-01-01T00:00:00.000Z' });
  expect(older.message).not.toHaveProperty('attributes');
});

test('each push is a publication of its own, and each message has an id of its own, unless told otherwise', () => {
  const { event } = events.message(rcsContents.text('x'));
  const ids = [1, 2].map(() => read(makePush(event, 0, { clientToken }).body).message.messageId);
  expect(ids[0]).not.toBe(ids[1]);
  expect(events.message({}).messageId).not.toBe(events.message({}).messageId);
  expect(events.message({}, { messageId: 'M1', from: null }).event).toEqual({
    messageId: 'M1',
    sendTime: '2026-11-02T00:00:00.000123456Z',
    agentId: 'a@rbm.goog',
  });
});
