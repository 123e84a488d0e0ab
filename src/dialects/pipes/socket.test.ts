import { expect, test } from 'vitest';
import { golden } from '../../../test/conformance/golden.ts';
import { mustFit } from '../../conformance/form.ts';
import type { Caller } from '../../core/caller.ts';
import type { Desk } from '../../core/desk.ts';
import type { Channel } from '../../core/model.ts';
import type { SocketScope } from '../../core/socket.ts';
import { foreignId } from './ids.ts';
import { socket } from './socket.ts';

const frames = golden('pipes/golden/frames.json');
const appId = 'app_000000000000000000000000001';
const conversationId = 'cnv_000000000000000000000000002';
const conversation = foreignId('conversation', conversationId);
const channelId = 'chn_000000000000000000000000003';

const channel: Channel = {
  id: channelId,
  appId,
  connectionId: 'con_000000000000000000000000001',
  carrier: 'whatsapp-cloud',
  address: '106540352242922',
  display: '+15550783801',
  sealed: new Uint8Array(),
  state: 'active',
  reason: null,
  stateAt: 0,
  createdAt: 0,
};

const caller: Caller = {
  key: 'key_000000000000000000000000001',
  reach: { kind: 'app', appId },
  permissions: ['read', 'send'],
  mode: 'live',
  dialect: 'pipes',
};

test('the first frame says what the connection hears', () => {
  const connection = '0b9f6c1e-8f5c-4d0a-9a55-2f1d3c4b5a69';
  mustFit(JSON.parse(socket.welcome(appId, {}, connection)), frames['welcome of a user'] ?? null);
  mustFit(JSON.parse(socket.welcome(appId, { channelId }, connection)), frames['welcome of a user'] ?? null);
  const narrowed = JSON.parse(socket.welcome(appId, { conversationId }, connection));
  mustFit(narrowed, frames['welcome of a conversation'] ?? null);
  expect(narrowed.conversationId).toBe(conversation);
});

const asking = (query: Record<string, string>) => {
  const desk: Pick<Desk, 'hasConversation' | 'channel'> = {
    hasConversation: async (_, id) => id === conversationId,
    channel: async (_, name) => (name === channelId ? { is: 'own', thing: channel } : { is: 'foreign' }),
  };
  return socket.scopeOf({ caller, query, desk: desk as Desk });
};

test('a connection may ask for one conversation, one number, or both', async () => {
  const number = foreignId('channel', channelId);
  expect(await asking({})).toEqual({});
  expect(await asking({ conversationId: conversation })).toEqual({ conversationId });
  expect(await asking({ poolNumberId: number })).toEqual({ channelId });
  expect(await asking({ conversationId: conversation, poolNumberId: number })).toEqual({ conversationId, channelId });
});

test.each([
  { conversationId: '' },
  { conversationId: 'conv_1' },
  { conversationId: foreignId('conversation', 'cnv_000000000000000000000000009') },
  { conversationId },
  { poolNumberId: 'pn_1' },
  { poolNumberId: foreignId('channel', 'chn_000000000000000000000000009') },
])('what is not there, malformed or another account’s is refused: %o', async (query) => {
  await expect(asking(query)).rejects.toMatchObject({ code: 'permission_missing' });
});

const answer = (frame: unknown, scope: SocketScope = {}, permissions: Caller['permissions'] = caller.permissions) => {
  const text = socket.hear(typeof frame === 'string' ? frame : JSON.stringify(frame), {
    caller: { ...caller, permissions },
    scope,
  });
  return text === null ? null : JSON.parse(text);
};
const reply = (data: object) => ({
  type: 'whatsapp_reply',
  data: { conversationId: conversation, text: 'Yes', ...data },
});

test('whatever asks us to send is answered with a status that says why not', () => {
  for (const type of ['whatsapp_reply', 'whatsapp_media_reply', 'whatsapp_reaction'])
    mustFit(answer({ ...reply({}), type }), frames['reply that cannot be sent'] ?? null);
  const elsewhere = foreignId('conversation', 'cnv_000000000000000000000000009');
  mustFit(
    answer(reply({ conversationId: elsewhere }), { conversationId }),
    frames['reply to a conversation out of scope'] ?? null,
  );
  mustFit(answer(reply({}), {}, ['read']), frames['reply to a conversation out of scope'] ?? null);
  mustFit(answer(reply({ text: 'x'.repeat(4097) })), frames['reply that is too long'] ?? null);
  mustFit(answer(reply({ text: 'x'.repeat(4096) })), frames['reply that cannot be sent'] ?? null);
});

test('a ping is answered, an acknowledgement needs no answer, and what nobody understands is told so', () => {
  mustFit(answer({ type: 'ping' }), frames['pong'] ?? null);
  expect(answer({ type: 'ack', data: { messageId: 'msg_1' } })).toBeNull();
  const odd = ['', '{', '[]', 'null', '"x"', { type: 5 }, { type: 'whatsapp_reply' }, reply({ conversationId: 7 })];
  for (const frame of odd) mustFit(answer(frame), frames['frame that nobody understands'] ?? null);
});
