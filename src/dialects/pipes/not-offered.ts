// What the vendor has and we do not: sending, templates, and tokens that let a customer connect a number of its own.

import type { DialectRoute } from '../../core/dialect.ts';
import type { Permission } from '../../core/model.ts';
import { describe } from './answers.ts';
import { errorAnswer, notAvailable } from './refuse.ts';

const notOffered = (
  method: DialectRoute['method'],
  path: string,
  permission: Permission,
  what: string,
): DialectRoute => ({
  method,
  path,
  needs: { permission, reach: 'app' },
  takes: method === 'GET' || method === 'DELETE' ? 'nothing' : 'json',
  describes: describe(`${what}: not available.`, null, [501]),
  answer: async () => errorAnswer(501, notAvailable.code, `${what} is not available here`),
});

const templates = '/v1/pool-numbers/:poolNumberId/templates';

export const notOfferedRoutes: readonly DialectRoute[] = [
  notOffered('POST', '/v1/messages/send', 'send', 'Sending'),
  notOffered('POST', '/v1/messages/app/send', 'send', 'Sending'),
  notOffered('POST', '/v1/messages/passthrough', 'send', 'Sending'),
  notOffered('GET', templates, 'read', 'Reading templates'),
  notOffered('POST', templates, 'manage', 'Making templates'),
  notOffered('GET', `${templates}/:name`, 'read', 'Reading templates'),
  notOffered('POST', `${templates}/:name`, 'manage', 'Changing templates'),
  notOffered('DELETE', `${templates}/:name`, 'manage', 'Removing templates'),
  notOffered('POST', '/v1/apps/token', 'manage', 'Connecting a number'),
];
