// A media key in exchange for a link that lives an hour; a fresh one as often as it is asked for, until the file is gone.

import type { DialectRoute } from '../../core/dialect.ts';
import { Fault } from '../../core/faults.ts';
import { wholeSeconds } from '../whole-seconds.ts';
import { describe, file } from './answers.ts';
import { mediaOfKey } from './ids.ts';
import { filesPath } from './paths.ts';

const linkSeconds = 3600;

export const exchange: DialectRoute = {
  method: 'GET',
  path: `${filesPath}/:mediaKey`,
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: describe('A link to the file behind a media key.', { status: 200, body: file }, { fails: [404] }),
  async answer({ caller, params, now, desk }) {
    const { mediaKey = '' } = params;
    const span = mediaOfKey(mediaKey);
    if (span === undefined) throw new Fault('not_found');
    const found = await desk.media(caller, span);
    // Not there yet, gone, and another account's: the vendor has one answer for all of them.
    if (found.is !== 'own' || desk.stateOf(found.thing) !== 'stored') throw new Fault('not_found');
    const media = found.thing;
    const { url, expiresAt } = desk.links.to(media, now, {
      seconds: media.linkSeconds ?? linkSeconds,
      name: mediaKey,
    });
    return {
      status: 200,
      json: { mediaKey, url, mimeType: media.type, fileSize: media.size, expiresAt: wholeSeconds(expiresAt) },
    };
  },
};
