import { z } from 'zod';
import { presentChannel } from '../../core/present.ts';
import { channel, pageOfAnswer } from '../answers.ts';
import { given, id, listOf, name, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const needs = {
  look: { permission: 'manage', reach: 'app' },
  change: { permission: 'manage', reach: 'instance' },
} as const;
const one = z.object({ id: id('channel') });

// Loose: the other members are the carrier's own settings, and the carrier refuses by name what it does not know.
export const channelRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path: '/api/v1/channels',
    operation: 'createChannel',
    summary: 'Creates a channel.',
    needs: needs.change,
    status: 201,
    answers: channel,
    faults: ['name_taken'],
    body: z.looseObject({
      app_id: id('app'),
      connection_id: id('connection'),
      address: z.string(),
      display: name.optional(),
      device: z.string().max(512).optional(),
    }),
    async handler({ caller, body, parts }) {
      return presentChannel(await parts.administration.createChannel(caller.reach, body));
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/channels',
    operation: 'listChannels',
    summary: 'Lists channels.',
    needs: needs.look,
    answers: pageOfAnswer(channel),
    query: z.strictObject({ ...pageQuery, app_id: id('app').optional() }),
    async handler({ caller, query, parts }) {
      const page = await parts.records.listChannels({
        reach: caller.reach,
        ...given({ appId: query.app_id }),
        page: pageOf(query),
      });
      return listOf(page, presentChannel);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/channels/:id',
    operation: 'getChannel',
    summary: 'One channel.',
    needs: needs.look,
    answers: channel,
    params: one,
    async handler({ caller, params, parts }) {
      return presentChannel(found(await parts.records.channel({ reach: caller.reach, id: params.id })));
    },
  }),

  keyed({
    method: 'PATCH',
    path: '/api/v1/channels/:id',
    operation: 'updateChannel',
    summary: 'Changes a channel; new secrets make a paused one try at once.',
    needs: needs.change,
    answers: channel,
    params: one,
    body: z.looseObject({ display: name.optional() }),
    async handler({ caller, params, body, parts }) {
      return presentChannel(await parts.administration.updateChannel(caller.reach, params.id, body));
    },
  }),

  keyed({
    method: 'DELETE',
    path: '/api/v1/channels/:id',
    operation: 'deleteChannel',
    summary: 'Deletes a channel; its media is gone for every reader at once.',
    needs: needs.change,
    status: 204,
    answers: 'nothing',
    params: one,
    async handler({ caller, params, parts }) {
      await parts.eraser.channel(caller.reach, params.id);
      return undefined;
    },
  }),
];
