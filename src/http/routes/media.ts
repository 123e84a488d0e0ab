import { z } from 'zod';
import { Fault, invalid } from '../../core/faults.ts';
import type { Reach } from '../../core/model.ts';
import { presentMedia } from '../../core/present.ts';
import { media, mediaKinds, mediaStates, pageOfAnswer } from '../answers.ts';
import { given, id, listOf, pageOf, pageQuery } from '../fields.ts';
import { withGivenFile } from '../given-file.ts';
import { keyed, type Route } from '../route.ts';
import { serveMedia } from '../serve-media.ts';

/** What a form may have around its file. */
const formBytes = 64 * 1024;
const one = z.object({ id: id('media') });

export const mediaRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/media',
    operation: 'listMedia',
    summary: 'Lists media.',
    needs: { permission: 'read', reach: 'app' },
    answers: pageOfAnswer(media),
    query: z.strictObject({
      ...pageQuery,
      state: z.enum(mediaStates).optional(),
      kind: z.enum(mediaKinds).optional(),
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
    method: 'POST',
    path: '/api/v1/media',
    operation: 'uploadMedia',
    summary: 'Keeps a file: the body as it is, or the one file of a form.',
    needs: { permission: 'send', reach: 'app' },
    status: 201,
    answers: media,
    faults: ['body_too_large', 'upload_broken', 'storage_full', 'not_durable'],
    takes: 'stream',
    consumes: ['*/*', 'multipart/form-data'],
    query: z.strictObject({
      app_id: id('app')
        .optional()
        .meta({ description: 'Whose file it is; needed by a key that reaches several apps.' }),
    }),
    async handler({ caller, query, parts, request }) {
      const appId = appFor(caller.reach, query.app_id);
      const limit = parts.limits.uploadBytes;
      if (Number(request.headers['content-length'] ?? 0) > limit + formBytes) throw new Fault('body_too_large');
      const kept = await withGivenFile(request, (file, signal) =>
        parts.uploads.take(caller.reach, appId, file, signal),
      );
      return presentMedia(kept, parts.clock.now(), parts.links);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/media/:id',
    operation: 'getMedia',
    summary: 'One media, with a fresh link.',
    needs: { permission: 'read', reach: 'app' },
    answers: media,
    params: one,
    async handler({ caller, params, parts }) {
      return presentMedia(await parts.desk.get(caller.reach, params.id), parts.clock.now(), parts.links);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/media/:id/content',
    operation: 'getMediaContent',
    summary: 'A redirect to a fresh link, or the bytes themselves.',
    needs: { permission: 'read', reach: 'app' },
    status: 302,
    answers: { says: 'A fresh link in `Location`; with `proxy=1` the bytes, with status 200.', types: [] },
    faults: ['media_not_ready', 'media_unavailable', 'media_gone', 'range_not_satisfiable'],
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
    operation: 'retryMedia',
    summary: 'Fetches a file from its carrier again.',
    needs: { permission: 'send', reach: 'app' },
    status: 202,
    answers: media,
    faults: ['move_refused'],
    params: one,
    async handler({ caller, params, parts }) {
      return presentMedia(await parts.desk.retry(caller.reach, params.id), parts.clock.now(), parts.links);
    },
  }),

  keyed({
    method: 'DELETE',
    path: '/api/v1/media/:id',
    operation: 'deleteMedia',
    summary: 'Deletes a file; its bytes are gone for every reader at once.',
    needs: { permission: 'manage', reach: 'app' },
    status: 204,
    answers: 'nothing',
    params: one,
    async handler({ caller, params, parts }) {
      await parts.desk.remove(caller.reach, params.id);
      return undefined;
    },
  }),
];

/** The app that a file is given to. @throws Fault invalid_request, not_found */
function appFor(reach: Reach, named: string | undefined): string {
  if (reach.kind !== 'app') {
    if (named === undefined) throw invalid('query.app_id', 'is required with a key that reaches several apps');
    return named;
  }
  if (named !== undefined && named !== reach.appId) throw new Fault('not_found');
  return reach.appId;
}
