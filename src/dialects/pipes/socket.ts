// What is said over a socket. Messages come as frames; what a client sends asks us to send, which is answered with a status
// that says why not. The vendor shows no errors but in those statuses; a frame that nobody understands is told so, and the
// connection stays.

import type { Caller } from '../../core/caller.ts';
import type { DialectSocket } from '../../core/dialect.ts';
import { Fault } from '../../core/faults.ts';
import { isObject } from '../../core/json.ts';
import type { SocketScope } from '../../core/socket.ts';
import { foreignId, ownId } from './ids.ts';
import { type ErrorCode, notAvailable } from './refuse.ts';
import { renderFrame } from './render.ts';

const longestText = 4096;

export const socket: DialectSocket = {
  path: '/ws',
  keyIn: 'apiKey',
  drainMs: 750,
  render: renderFrame,
  async scopeOf({ caller, query, desk }) {
    const { conversationId: conversation, poolNumberId: number } = query;
    const scope: SocketScope = {};
    if (conversation !== undefined) {
      const id = ownId('conversation', conversation);
      if (id === undefined || !(await desk.hasConversation(caller, id))) throw notYours('conversationId');
      scope.conversationId = id;
    }
    if (number !== undefined) {
      const id = ownId('channel', number);
      if (id === undefined || (await desk.channel(caller, id)).is !== 'own') throw notYours('poolNumberId');
      scope.channelId = id;
    }
    return scope;
  },
  welcome: (appId, { conversationId }, connectionId) =>
    JSON.stringify({
      type: 'connected',
      userId: foreignId('app', appId),
      connectionId,
      ...(conversationId === undefined
        ? { scope: 'user' }
        : { scope: 'conversation', conversationId: foreignId('conversation', conversationId) }),
    }),
  hear(text, speaker) {
    const frame = objectIn(text);
    switch (frame?.['type']) {
      case 'ping':
        return JSON.stringify({ type: 'pong' });
      case 'ack':
        return null;
      case 'whatsapp_reply':
      case 'whatsapp_media_reply':
      case 'whatsapp_reaction':
        return answerTo(frame['data'], speaker);
      default:
        return invalidMessage('This is no frame that is known here');
    }
  },
};

const notYours = (parameter: string) =>
  new Fault('permission_missing', { detail: `${parameter} does not exist or belongs to another account.` });

function answerTo(data: unknown, { caller, scope }: { caller: Caller; scope: SocketScope }): string {
  if (!isObject(data) || typeof data['conversationId'] !== 'string')
    return invalidMessage('data.conversationId is missing');
  const { conversationId, text } = data;
  const refused = (code: ErrorCode, error: string) =>
    JSON.stringify({ type: 'reply_status', data: { conversationId, success: false, error, code } });
  const isOther = scope.conversationId !== undefined && ownId('conversation', conversationId) !== scope.conversationId;
  if (isOther) return refused('FORBIDDEN', 'This connection belongs to another conversation');
  if (!caller.permissions.includes('send')) return refused('FORBIDDEN', 'This key may not send');
  if (typeof text === 'string' && text.length > longestText)
    return refused('VALIDATION_ERROR', `text is longer than ${longestText} characters`);
  return refused(notAvailable.code, notAvailable.error);
}

const invalidMessage = (error: string): string =>
  JSON.stringify({ type: 'error', data: { error, code: 'INVALID_MESSAGE' } });

function objectIn(text: string): { [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
