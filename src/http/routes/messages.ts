import { z } from 'zod';
import { presentMessage } from '../../core/present.ts';
import { message, pageOfAnswer } from '../answers.ts';
import { given, id, listOf, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

export const messageRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/messages',
    operation: 'listMessages',
    summary: 'Lists messages, each with its media.',
    needs: { permission: 'read', reach: 'app' },
    answers: pageOfAnswer(message),
    query: z.strictObject({
      ...pageQuery,
      app_id: id('app').optional(),
      channel_id: id('channel').optional(),
      conversation_id: id('conversation').optional(),
      carrier_message_id: z.string().min(1).max(512).optional(),
    }),
    async handler({ caller, query, parts }) {
      const { app_id: appId, channel_id: channelId, conversation_id: conversationId } = query;
      const { carrier_message_id: carrierMessageId } = query;
      const page = await parts.records.listMessages({
        reach: caller.reach,
        filter: given({ appId, channelId, conversationId, carrierMessageId }),
        page: pageOf(query),
      });
      const now = parts.clock.now();
      return listOf(page, (message) => presentMessage(message, now, parts.links));
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/messages/:id',
    operation: 'getMessage',
    summary: 'One message with its media.',
    needs: { permission: 'read', reach: 'app' },
    answers: message,
    params: z.object({ id: id('message') }),
    async handler({ caller, params, parts }) {
      const message = found(await parts.records.message({ reach: caller.reach, id: params.id }));
      return presentMessage(message, parts.clock.now(), parts.links);
    },
  }),
];
