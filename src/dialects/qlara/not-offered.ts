// What the vendor has and we do not: sending, the inbox, and asking for what became of a message. The vendor documents no
// error for it, so its form for a failure on the server's side tells that nothing was done.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import type { Permission } from '../../core/model.ts';
import { describe } from './answers.ts';
import { error } from './refuse.ts';

const notOffered = (
  method: DialectRoute['method'],
  path: string,
  permission: Permission,
  what: string,
): DialectRoute => ({
  method,
  path,
  needs: { permission, reach: 'app' },
  takes: method === 'GET' ? 'nothing' : 'json',
  describes: describe(`${what}: not available.`, { status: 501, body: refusal }),
  answer: async () => error(501, `${what} is not available here`),
});

const refusal = z.object({ status: z.literal('error'), message: z.string() });

const inbox = '/api/partner-gateway/v1/inbox';

export const notOfferedRoutes: readonly DialectRoute[] = [
  ...['sms', 'rcs', 'whatsapp'].map((channel) =>
    notOffered('POST', `/api/message-server/${channel}/send`, 'send', `Sending by ${channel}`),
  ),
  notOffered('GET', '/api/messages/status', 'read', 'The state of sent messages'),
  notOffered('GET', '/api/messages/status/:customerMessageId', 'read', 'The state of a sent message'),
  notOffered('GET', `${inbox}/conversations`, 'read', 'The inbox'),
  notOffered('GET', `${inbox}/:chatId/messages`, 'read', 'The inbox'),
  notOffered('POST', `${inbox}/conversations/reply`, 'send', 'The inbox'),
  notOffered('PATCH', `${inbox}/:chatId/archive`, 'manage', 'The inbox'),
  notOffered('PATCH', `${inbox}/:chatId/read`, 'manage', 'The inbox'),
];
