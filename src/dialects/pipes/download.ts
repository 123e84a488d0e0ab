import type { DialectRoute } from '../../core/dialect.ts';
import { Fault } from '../../core/faults.ts';
import { describe } from './answers.ts';
import { idsOfMedia } from './ids.ts';
import { downloadPath } from './media.ts';

const linkSeconds = 5 * 60;

/** A redirect to a link that lives for five minutes. Another account's file is refused as such: the vendor's page says so. */
export const download: DialectRoute = {
  method: 'GET',
  path: `${downloadPath}/:mediaId`,
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: describe('Redirects to the file, by a link that lives for five minutes.', 302, [404, 410]),
  async answer({ caller, params, now, desk }) {
    const { mediaId = '' } = params;
    const span = idsOfMedia(mediaId);
    if (span === undefined) throw new Fault('not_found');
    const found = await desk.media(caller, span);
    switch (found.is) {
      case 'absent':
        throw new Fault('not_found');
      case 'foreign':
        throw new Fault('permission_missing', { detail: 'The media belongs to another account.' });
      case 'gone':
        throw new Fault('media_gone');
    }
    const media = found.thing;
    switch (desk.stateOf(media)) {
      case 'stored': {
        const { url } = desk.links.to(media, now, { seconds: media.linkSeconds ?? linkSeconds, name: mediaId });
        return { status: 302, headers: { location: url }, empty: true };
      }
      case 'expired':
      case 'deleted':
        throw new Fault('media_gone');
      default:
        // Nobody was told of this id yet: a message without its file carries none.
        throw new Fault('not_found');
    }
  },
};
