import { z } from 'zod';
import { presentOrganization } from '../../core/present.ts';
import { organization, pageOfAnswer } from '../answers.ts';
import { given, id, listOf, name, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const needs = {
  look: { permission: 'read', reach: 'instance' },
  change: { permission: 'manage', reach: 'instance' },
} as const;
const one = z.object({ id: id('organization') });
/** Null: what the instance says. */
const retention = z.int().min(1).max(36_500).nullable();

export const organizationRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path: '/api/v1/organizations',
    operation: 'createOrganization',
    summary: 'Creates an organization.',
    needs: needs.change,
    status: 201,
    answers: organization,
    body: z.strictObject({ name, media_retention_days: retention.default(null) }),
    async handler({ body, parts }) {
      return presentOrganization(
        await parts.records.createOrganization({
          now: parts.clock.now(),
          name: body.name,
          mediaRetentionDays: body.media_retention_days,
        }),
      );
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/organizations',
    operation: 'listOrganizations',
    summary: 'Lists organizations.',
    needs: needs.look,
    answers: pageOfAnswer(organization),
    query: z.strictObject(pageQuery),
    async handler({ query, parts }) {
      return listOf(await parts.records.listOrganizations({ page: pageOf(query) }), presentOrganization);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/organizations/:id',
    operation: 'getOrganization',
    summary: 'One organization.',
    needs: needs.look,
    answers: organization,
    params: one,
    async handler({ params, parts }) {
      return presentOrganization(found(await parts.records.organization(params)));
    },
  }),

  keyed({
    method: 'PATCH',
    path: '/api/v1/organizations/:id',
    operation: 'updateOrganization',
    summary: 'Changes an organization.',
    needs: needs.change,
    answers: organization,
    params: one,
    body: z.strictObject({ name: name.optional(), media_retention_days: retention.optional() }),
    async handler({ params, body, parts }) {
      const set = given({ name: body.name, mediaRetentionDays: body.media_retention_days });
      return presentOrganization(found(await parts.records.updateOrganization({ id: params.id, set })));
    },
  }),

  keyed({
    method: 'DELETE',
    path: '/api/v1/organizations/:id',
    operation: 'deleteOrganization',
    summary: 'Deletes an organization and its apps.',
    needs: needs.change,
    status: 204,
    answers: 'nothing',
    params: one,
    async handler({ params, parts }) {
      await parts.eraser.organization(params.id);
      return undefined;
    },
  }),
];
