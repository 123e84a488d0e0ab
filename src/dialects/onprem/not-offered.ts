// What the vendor has and we do not. A client is told so by its code for a part that is not ready.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import type { Permission } from '../../core/model.ts';
import { describe } from './answers.ts';
import { errorAnswer } from './refuse.ts';

const notOffered = (path: string, permission: Permission, what: string): DialectRoute => ({
  method: 'POST',
  path,
  needs: { permission, reach: 'app' },
  takes: 'json',
  describes: describe(`${what} is not available.`, null, { body: z.looseObject({}), refusals: [501] }),
  answer: async () => errorAnswer(501, 1011, `${what} is not available on this server.`),
});

export const notOfferedRoutes: readonly DialectRoute[] = [
  notOffered('/v1/messages', 'send', 'Sending'),
  notOffered('/v1/users', 'manage', 'Making users by this address'),
];
