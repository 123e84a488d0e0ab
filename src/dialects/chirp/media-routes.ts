import type { DialectRoute } from '../../core/dialect.ts';
import { Fault } from '../../core/faults.ts';
import { isId } from '../../core/ids.ts';
import { describe, media as mediaAnswer } from './answers.ts';
import { presentMedia } from './media.ts';

/** A fresh link for the id that a webhook brought. What is not here for this app is not there at all. */
const getMedia: DialectRoute = {
  method: 'GET',
  path: '/v1/media/:mediaId',
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: describe('A stored file, with a link that lives for an hour.', 200, mediaAnswer, { refusals: [404, 409] }),
  async answer({ caller, params, now, desk }) {
    const { mediaId = '' } = params;
    if (!isId('media', mediaId)) throw new Fault('not_found');
    const found = await desk.media(caller, mediaId);
    if (found.is !== 'own') throw new Fault('not_found');
    const media = found.thing;
    switch (desk.stateOf(media)) {
      case 'stored':
        return { status: 200, json: presentMedia(media, now, desk.links) };
      case 'remote':
        await desk.askMedia(caller, media.id);
        throw new Fault('media_not_ready');
      case 'pending':
        throw new Fault('media_not_ready');
      default:
        throw new Fault('not_found');
    }
  },
};

export const mediaRoutes: readonly DialectRoute[] = [getMedia];
