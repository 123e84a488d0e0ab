import { z } from 'zod';
import { Fault } from '../../core/faults.ts';
import type { Permission } from '../../core/model.ts';
import { presentKey } from '../../core/present.ts';
import type { Caller } from '../../flows/access.ts';
import { given, id, listOf, name, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const needs = { permission: 'manage', reach: 'app' } as const;
const ofApp = z.object({ id: id('app') });
const one = z.object({ id: id('app'), key_id: id('key') });
const permissions = z
  .array(z.enum(['read', 'send', 'manage']))
  .min(1)
  .refine((list) => new Set(list).size === list.length, 'must not repeat one');

export const keyRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path: '/api/v1/apps/:id/keys',
    needs,
    status: 201,
    params: ofApp,
    body: z.strictObject({
      name: name.optional(),
      dialect: z.string().min(1).max(50).optional(),
      permissions: permissions.default(['read', 'send', 'manage']),
      mode: z.enum(['live', 'test']).default('live'),
    }),
    async handler({ caller, params, body, parts }) {
      mayGive(caller, body.permissions);
      const { key, secret } = await parts.administration.createKey(caller.reach, params.id, body);
      return { ...presentKey(key), key: secret };
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/apps/:id/keys',
    needs,
    params: ofApp,
    query: z.strictObject(pageQuery),
    async handler({ caller, params, query, parts }) {
      const { reach } = caller;
      found(await parts.records.app({ reach, id: params.id }));
      return listOf(await parts.records.listKeys({ reach, appId: params.id, page: pageOf(query) }), presentKey);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/apps/:id/keys/:key_id',
    needs,
    params: one,
    async handler({ caller, params, parts }) {
      return presentKey(found(await parts.records.key({ reach: caller.reach, appId: params.id, id: params.key_id })));
    },
  }),

  keyed({
    method: 'PATCH',
    path: '/api/v1/apps/:id/keys/:key_id',
    needs,
    params: one,
    body: z.strictObject({ name: name.optional(), permissions: permissions.optional() }),
    async handler({ caller, params, body, parts }) {
      mayGive(caller, body.permissions ?? []);
      const request = { reach: caller.reach, appId: params.id, id: params.key_id, set: given(body) };
      return presentKey(found(await parts.records.updateKey(request)));
    },
  }),

  keyed({
    method: 'DELETE',
    path: '/api/v1/apps/:id/keys/:key_id',
    needs,
    status: 204,
    params: one,
    async handler({ caller, params, parts }) {
      const request = { reach: caller.reach, appId: params.id, id: params.key_id, now: parts.clock.now() };
      found((await parts.records.deleteKey(request)) || undefined);
      return undefined;
    },
  }),
];

/** Nobody hands on more than they have. @throws Fault permission_missing */
function mayGive(caller: Caller, wanted: readonly Permission[]): void {
  const lacking = wanted.filter((permission) => !caller.permissions.includes(permission));
  if (lacking.length === 0) return;
  throw new Fault('permission_missing', {
    detail: `A key cannot give a permission that it lacks itself: ${lacking.join(', ')}.`,
    problems: [{ field: 'body.permissions', message: `the key in use lacks ${lacking.join(', ')}` }],
  });
}
