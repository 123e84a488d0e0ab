import { z } from 'zod';
import { presentConnection } from '../../core/present.ts';
import { connection, pageOfAnswer } from '../answers.ts';
import { id, listOf, name, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const needs = {
  look: { permission: 'read', reach: 'instance' },
  change: { permission: 'manage', reach: 'instance' },
} as const;
const one = z.object({ id: id('connection') });

// Loose: the other members are the carrier's own settings, and the carrier refuses by name what it does not know.
export const connectionRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path: '/api/v1/connections',
    operation: 'createConnection',
    summary: 'Creates a connection to a carrier.',
    needs: needs.change,
    status: 201,
    answers: connection,
    body: z.looseObject({ carrier: z.string().min(1).max(50), name }).meta({
      examples: [{ carrier: 'whatsapp-cloud', name: 'Meta', app_secret: '5f2c…', verify_token: 'a word of your own' }],
    }),
    async handler({ body, parts }) {
      return presentConnection(await parts.administration.createConnection(body), parts.publicUrl());
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/connections',
    operation: 'listConnections',
    summary: 'Lists connections.',
    needs: needs.look,
    answers: pageOfAnswer(connection),
    query: z.strictObject(pageQuery),
    async handler({ query, parts }) {
      const page = await parts.records.listConnections({ page: pageOf(query) });
      return listOf(page, (connection) => presentConnection(connection, parts.publicUrl()));
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/connections/:id',
    operation: 'getConnection',
    summary: 'One connection.',
    needs: needs.look,
    answers: connection,
    params: one,
    async handler({ params, parts }) {
      return presentConnection(found(await parts.records.connection(params)), parts.publicUrl());
    },
  }),

  keyed({
    method: 'PATCH',
    path: '/api/v1/connections/:id',
    operation: 'updateConnection',
    summary: 'Changes a connection.',
    needs: needs.change,
    answers: connection,
    params: one,
    body: z.looseObject({ name: name.optional() }),
    async handler({ params, body, parts }) {
      return presentConnection(await parts.administration.updateConnection(params.id, body), parts.publicUrl());
    },
  }),

  keyed({
    method: 'DELETE',
    path: '/api/v1/connections/:id',
    operation: 'deleteConnection',
    summary: 'Deletes a connection that has no live channels.',
    needs: needs.change,
    status: 204,
    answers: 'nothing',
    faults: ['connection_in_use'],
    params: one,
    async handler({ params, parts }) {
      await parts.administration.deleteConnection(params.id);
      return undefined;
    },
  }),
];
