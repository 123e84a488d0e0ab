// Users log in with name and password and get a token for a week. The operator makes them, and sets their passwords.

import { z } from 'zod';
import type { DialectRoute } from '../../core/dialect.ts';
import { Fault } from '../../core/faults.ts';
import type { Millis } from '../../core/ids.ts';
import { isObject } from '../../core/json.ts';
import { bare, describe, loggedIn } from './answers.ts';
import { errorAnswer, meta } from './refuse.ts';

export const dialectName = 'onprem';

const lifeMs = 7 * 24 * 60 * 60 * 1000;

const login: DialectRoute = {
  method: 'POST',
  path: '/v1/users/login',
  needs: 'password',
  takes: 'json',
  describes: describe(
    'A token for a week, in exchange for name and password.',
    { status: 200, body: loggedIn },
    { body: z.object({}), refusals: [400] },
  ),
  async answer({ headers, body, desk }) {
    if (isObject(body) && body['new_password'] !== undefined)
      return errorAnswer(400, 1010, 'new_password is not taken here: the operator sets passwords.');
    const given = namedIn(headers['authorization']);
    const made = given && (await desk.login(dialectName, given.name, given.password, lifeMs));
    if (made === undefined) throw new Fault('key_unknown');
    return { status: 200, json: { users: [{ token: made.secret, expires_after: momentOf(made.endsAt) }], meta } };
  },
};

const logout: DialectRoute = {
  method: 'POST',
  path: '/v1/users/logout',
  needs: { permission: 'read', reach: 'app' },
  takes: 'json',
  describes: describe('Ends the token in use.', { status: 200, body: bare }),
  async answer({ caller, desk }) {
    if (await desk.logout(caller)) return { status: 200, json: { meta } };
    return errorAnswer(403, 1005, 'This token came from no login; the operator revokes it.');
  },
};

/** Name and password of a Basic header (RFC 7617 section 2). */
function namedIn(authorization = ''): { name: string; password: string } | undefined {
  const pair = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization)?.[1];
  const text = pair === undefined ? '' : Buffer.from(pair, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** `2026-03-08 10:00:00+00:00`. */
const momentOf = (at: Millis): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}+00:00`;

export const userRoutes: readonly DialectRoute[] = [login, logout];
