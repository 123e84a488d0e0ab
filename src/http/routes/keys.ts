// Keys belong to an app or to an organization; both kinds are made, changed and replaced in the same way.

import { z } from 'zod';
import { Fault } from '../../core/faults.ts';
import type { Permission } from '../../core/model.ts';
import { presentKey } from '../../core/present.ts';
import type { KeyOwner } from '../../core/records.ts';
import type { Caller } from '../../flows/access.ts';
import { key, permissions as known, newKey, pageOfAnswer } from '../answers.ts';
import { given, id, listOf, name, overlap, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import type { HttpParts } from '../parts.ts';
import { keyed, type Route } from '../route.ts';

const needs = { permission: 'manage', reach: 'app' } as const;
const permissions = z
  .array(z.enum(known))
  .min(1)
  .refine((list) => new Set(list).size === list.length, 'must not repeat one');

const rowsFor = (kind: KeyOwner['kind']): readonly Route[] => {
  const path = `/api/v1/${kind}s/:id/keys`;
  const Of = kind === 'app' ? 'App' : 'Organization';
  const whose = z.object({ id: id(kind) });
  const one = z.object({ id: id(kind), key_id: id('key') });

  return [
    keyed({
      method: 'POST',
      path,
      operation: `create${Of}Key`,
      summary: `Creates a key of the ${kind}.`,
      needs,
      status: 201,
      answers: newKey,
      params: whose,
      body: z.strictObject({
        name: name.optional(),
        dialect: z.string().min(1).max(50).optional(),
        permissions: permissions.default(['read', 'send', 'manage']),
        mode: z.enum(['live', 'test']).default('live'),
      }),
      async handler({ caller, params, body, parts }) {
        mayGive(caller, body.permissions);
        const owner = { kind, id: params.id };
        const made = await parts.administration.createKey(caller.reach, owner, body);
        return { ...presentKey(made.key), key: made.secret };
      },
    }),

    keyed({
      method: 'GET',
      path,
      operation: `list${Of}Keys`,
      summary: `Lists the keys of the ${kind}.`,
      needs,
      answers: pageOfAnswer(key),
      params: whose,
      query: z.strictObject(pageQuery),
      async handler({ caller: { reach }, params, query, parts }) {
        const owner = { kind, id: params.id };
        await parts.administration.checkKeyOwner(reach, owner);
        return listOf(await parts.records.listKeys({ reach, owner, page: pageOf(query) }), presentKey);
      },
    }),

    keyed({
      method: 'GET',
      path: `${path}/:key_id`,
      operation: `get${Of}Key`,
      summary: 'One key.',
      needs,
      answers: key,
      params: one,
      handler: async ({ caller, params, parts }) => presentKey(await keyOf(kind, caller, params, parts)),
    }),

    keyed({
      method: 'PATCH',
      path: `${path}/:key_id`,
      operation: `update${Of}Key`,
      summary: 'Changes the name or the permissions of a key.',
      needs,
      answers: key,
      params: one,
      body: z.strictObject({ name: name.optional(), permissions: permissions.optional() }),
      async handler({ caller, params, body, parts }) {
        mayGive(caller, body.permissions ?? []);
        const named = { reach: caller.reach, owner: { kind, id: params.id }, id: params.key_id };
        return presentKey(found(await parts.records.updateKey({ ...named, set: given(body) })));
      },
    }),

    keyed({
      method: 'POST',
      path: `${path}/:key_id/rotate`,
      operation: `rotate${Of}Key`,
      summary: 'Puts a new key in the place of one, which goes on working for a while.',
      needs,
      status: 201,
      answers: newKey,
      params: one,
      body: z.strictObject({ overlap_seconds: overlap }),
      async handler({ caller, params, body, parts }) {
        // Its secret is told to the caller, who must not get more from it than they have.
        mayGive(caller, (await keyOf(kind, caller, params, parts)).permissions);
        const owner = { kind, id: params.id };
        const { overlap_seconds } = body;
        const made = await parts.administration.rotateKey(caller.reach, owner, params.key_id, overlap_seconds);
        return { ...presentKey(made.key), key: made.secret };
      },
    }),

    keyed({
      method: 'DELETE',
      path: `${path}/:key_id`,
      operation: `delete${Of}Key`,
      summary: 'Revokes a key; it stops working within a second.',
      needs,
      status: 204,
      answers: 'nothing',
      params: one,
      async handler({ caller, params, parts }) {
        const named = { reach: caller.reach, owner: { kind, id: params.id }, id: params.key_id };
        found((await parts.records.deleteKey({ ...named, now: parts.clock.now() })) || undefined);
        return undefined;
      },
    }),
  ];
};

export const keyRoutes: readonly Route[] = [...rowsFor('app'), ...rowsFor('organization')];

const keyOf = async (
  kind: KeyOwner['kind'],
  { reach }: Caller,
  params: { id: string; key_id: string },
  { records }: Pick<HttpParts, 'records'>,
) => found(await records.key({ reach, owner: { kind, id: params.id }, id: params.key_id }));

/** Nobody hands on more than they have. @throws Fault permission_missing */
function mayGive(caller: Caller, wanted: readonly Permission[]): void {
  const lacking = wanted.filter((permission) => !caller.permissions.includes(permission));
  if (lacking.length === 0) return;
  throw new Fault('permission_missing', {
    detail: `A key cannot give a permission that it lacks itself: ${lacking.join(', ')}.`,
    problems: [{ field: 'body.permissions', message: `the key in use lacks ${lacking.join(', ')}` }],
  });
}
