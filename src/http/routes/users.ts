import { z } from 'zod';
import { presentUser } from '../../core/present.ts';
import { pageOfAnswer, user } from '../answers.ts';
import { id, listOf, name, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const needs = { permission: 'manage', reach: 'app' } as const;
const path = '/api/v1/apps/:id/users';
const ofApp = z.object({ id: id('app') });
const one = z.object({ id: id('app'), user_id: id('user') });

/** A login sends name and password with a colon between them (RFC 7617 section 2). */
const userName = name.refine((text) => !text.includes(':'), 'must not contain a colon');

/** The rule of the On-Premises API, whose clients log in. What was given is repeated nowhere. */
const password = z
  .string()
  .min(8)
  .max(64)
  .regex(/\d/, 'must contain a digit')
  .regex(/\p{Lu}/u, 'must contain an upper-case letter')
  .regex(/\p{Ll}/u, 'must contain a lower-case letter')
  .regex(/[^\p{L}\p{N}]/u, 'must contain a character that is neither letter nor digit')
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must not contain control characters');

export const userRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path,
    operation: 'createUser',
    summary: 'Makes a user of the app, who can log in.',
    needs,
    status: 201,
    answers: user,
    faults: ['name_taken'],
    params: ofApp,
    body: z.strictObject({ name: userName, password }),
    handler: async ({ caller, params, body, parts }) =>
      presentUser(await parts.users.create(caller.reach, params.id, body)),
  }),

  keyed({
    method: 'GET',
    path,
    operation: 'listUsers',
    summary: 'Lists the users of the app.',
    needs,
    answers: pageOfAnswer(user),
    params: ofApp,
    query: z.strictObject(pageQuery),
    async handler({ caller: { reach }, params, query, parts }) {
      found(await parts.records.app({ reach, id: params.id }));
      return listOf(await parts.records.listUsers({ reach, appId: params.id, page: pageOf(query) }), presentUser);
    },
  }),

  keyed({
    method: 'PATCH',
    path: `${path}/:user_id`,
    operation: 'updateUser',
    summary: 'Gives a user another password; keys that the former one gave end.',
    needs,
    answers: user,
    params: one,
    body: z.strictObject({ password }),
    handler: async ({ caller, params, body, parts }) =>
      presentUser(await parts.users.setPassword(caller.reach, params.id, params.user_id, body.password)),
  }),

  keyed({
    method: 'DELETE',
    path: `${path}/:user_id`,
    operation: 'deleteUser',
    summary: 'Removes a user; keys that it was given end.',
    needs,
    status: 204,
    answers: 'nothing',
    params: one,
    async handler({ caller, params, parts }) {
      await parts.users.remove(caller.reach, params.id, params.user_id);
      return undefined;
    },
  }),
];
