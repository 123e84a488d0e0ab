import { z } from 'zod';
import type { MediaKind } from '../../core/model.ts';
import { presentMedia } from '../../core/present.ts';
import { type MediaState, mediaMoves } from '../../core/states.ts';
import { given, id, listOf, pageOf, pageQuery } from '../fields.ts';
import { keyed, type Route } from '../route.ts';
import { serveMedia } from '../serve-media.ts';

const states = Object.keys(mediaMoves) as MediaState[];
const kinds = ['image', 'audio', 'video', 'document', 'sticker', 'file'] as const satisfies readonly MediaKind[];
const one = z.object({ id: id('media') });

export const mediaRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/media',
    needs: { permission: 'read', reach: 'app' },
    query: z.strictObject({
      ...pageQuery,
      state: z.enum(states).optional(),
      kind: z.enum(kinds).optional(),
      app_id: id('app').optional(),
      message_id: id('message').optional(),
    }),
    async handler({ caller, query, parts }) {
      const { state, kind, app_id: appId, message_id: messageId } = query;
      const page = await parts.records.listMedia({
        reach: caller.reach,
        filter: given({ state, kind, appId, messageId }),
        page: pageOf(query),
      });
      const now = parts.clock.now();
      return listOf(page, (media) => presentMedia(media, now, parts.links));
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/media/:id',
    needs: { permission: 'read', reach: 'app' },
    params: one,
    async handler({ caller, params, parts }) {
      return presentMedia(await parts.desk.get(caller.reach, params.id), parts.clock.now(), parts.links);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/media/:id/content',
    needs: { permission: 'read', reach: 'app' },
    status: 302,
    params: one,
    query: z.strictObject({ proxy: z.enum(['0', '1']).default('0') }),
    async handler({ caller, params, query, parts, request, reply }) {
      const media = parts.desk.stored(await parts.desk.get(caller.reach, params.id));
      if (query.proxy === '1') return await serveMedia(request, reply, media, parts);
      return reply.redirect(parts.links.to(media, parts.clock.now()).url, 302);
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/media/:id/retry',
    needs: { permission: 'send', reach: 'app' },
    status: 202,
    params: one,
    async handler({ caller, params, parts }) {
      return presentMedia(await parts.desk.retry(caller.reach, params.id), parts.clock.now(), parts.links);
    },
  }),

  keyed({
    method: 'DELETE',
    path: '/api/v1/media/:id',
    needs: { permission: 'manage', reach: 'app' },
    status: 204,
    params: one,
    async handler({ caller, params, parts }) {
      await parts.desk.remove(caller.reach, params.id);
      return undefined;
    },
  }),
];
