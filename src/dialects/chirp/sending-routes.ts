// Addresses at which the vendor sends. Sending is not offered yet; a client is told so in a form that it reads.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import { describe } from './answers.ts';
import { errorAnswer } from './refuse.ts';

const refusing = (path: string): DialectRoute => ({
  method: 'POST',
  path,
  needs: { permission: 'send', reach: 'app' },
  takes: 'json',
  describes: describe('Sending is not available.', 409, null, { body: z.looseObject({}), refusals: [409] }),
  answer: async () => errorAnswer(409, 'Sending is not available on this server.', { code: 'sending_not_available' }),
});

export const sendingRoutes: readonly DialectRoute[] = [refusing('/v1/sms'), refusing('/v1/whatsapp/messages')];
