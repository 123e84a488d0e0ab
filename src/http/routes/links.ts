import { z } from 'zod';
import { Fault } from '../../core/faults.ts';
import { open, type Route } from '../route.ts';
import { serveMedia } from '../serve-media.ts';

export const linkRoutes: readonly Route[] = [
  open({
    method: 'GET',
    // Everything below /media/ is a link, whole or damaged: a damaged one is refused as such wherever the damage is.
    path: '/media/*',
    operation: 'getLink',
    summary: 'The bytes of a file, by its link.',
    needs: 'link',
    answers: { says: 'The file.', types: ['*/*'] },
    faults: ['link_refused', 'media_not_ready', 'media_unavailable', 'media_gone', 'range_not_satisfiable'],
    params: z.object({ '*': z.string() }),
    query: z.looseObject({ token: z.unknown().optional(), expires: z.unknown().optional() }),
    async handler({ params, query: { token, expires }, parts, request, reply }) {
      // The router takes `#` for `?`; RFC 9112 section 3.2 knows no fragment in a request.
      const isWhole = typeof token === 'string' && typeof expires === 'string' && !request.url.includes('#');
      const id = isWhole ? parts.signer.verify(params['*'], token, expires, parts.clock.now()) : undefined;
      if (id === undefined) throw new Fault('link_refused');
      return await serveMedia(request, reply, await parts.desk.forLink(id), parts);
    },
  }),
];
