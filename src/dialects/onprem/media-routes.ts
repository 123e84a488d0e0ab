// Files by their id: fetch, delete, give, and ask for one that is not here. What is not here for this app is not there at
// all, and the vendor says so without a body.

import type { DialectAnswer, DialectCall, DialectRoute } from '../../core/dialect.ts';
import { Fault, invalid } from '../../core/faults.ts';
import { bareType } from '../../core/media-type.ts';
import type { Media } from '../../core/model.ts';
import { idsOfUuid, uuidOf } from '../uuid.ts';
import { asked, bare, describe, uploaded } from './answers.ts';
import { errorAnswer, meta } from './refuse.ts';
import { settingsOf } from './settings.ts';

const path = '/v1/media';
const onePath = `${path}/:mediaId`;
const nothing: DialectAnswer = { status: 404, empty: true };

/** The media that the path names, in any state but deleted; undefined: there is none. */
async function named({ caller, params, desk }: DialectCall): Promise<Media | undefined> {
  const span = idsOfUuid('media', params['mediaId'] ?? '');
  const found = span && (await desk.media(caller, span));
  return found?.is === 'own' && desk.stateOf(found.thing) !== 'deleted' ? found.thing : undefined;
}

const getMedia: DialectRoute = {
  method: 'GET',
  path: onePath,
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: describe('The file itself.', { status: 200, body: null }, { empty: [404] }),
  async answer(call) {
    const media = await named(call);
    return media !== undefined && call.desk.stateOf(media) === 'stored' ? { status: 200, file: media } : nothing;
  },
};

const deleteMedia: DialectRoute = {
  method: 'DELETE',
  path: onePath,
  needs: { permission: 'manage', reach: 'app' },
  takes: 'nothing',
  describes: describe('Deletes a file.', { status: 200, body: bare }, { empty: [404] }),
  async answer(call) {
    const media = await named(call);
    if (media === undefined || call.desk.stateOf(media) === 'expired') return nothing;
    await call.desk.removeMedia(call.caller, media.id);
    return { status: 200, json: { meta } };
  },
};

/** Also for a file that is here, or that will never be: what came of it is told by a webhook for each time it was asked. */
const askForMedia: DialectRoute = {
  method: 'GET',
  path: `${onePath}/download`,
  needs: { permission: 'send', reach: 'app' },
  takes: 'nothing',
  head: false,
  describes: describe(
    'Begins the download of a file again; the outcome is told by a webhook.',
    { status: 200, body: asked },
    { refusals: [404] },
  ),
  async answer(call) {
    const media = await named(call);
    if (media === undefined) throw new Fault('not_found');
    await call.desk.askMedia(call.caller, media.id);
    return { status: 200, json: { media_items: [{ id: uuidOf(media.id) }], meta } };
  },
};

const giveMedia: DialectRoute = {
  method: 'POST',
  path,
  needs: { permission: 'send', reach: 'app' },
  takes: 'stream',
  describes: describe(
    'Keeps a file: the body is its bytes, and Content-Type its type.',
    { status: 201, body: uploaded },
    { refusals: [400, 413] },
  ),
  async answer({ caller, headers, stream, desk }) {
    const given = headers['content-type'];
    if (given === undefined) return errorAnswer(400, 1008, 'Content-Type is missing.');
    const type = bareType(given);
    if (type === undefined || type.startsWith('multipart/'))
      throw invalid('Content-Type', 'must be the type of the file, whose bytes are the whole body');
    if (stream === undefined) throw invalid('body', 'is empty');
    const { id } = await desk.upload(caller, { stream, type, fileName: null });
    const { uploadStatus } = settingsOf((await desk.endpoints(caller)).at(-1)?.settings ?? {});
    return { status: uploadStatus, json: { media: [{ id: uuidOf(id) }], meta } };
  },
};

export const mediaRoutes: readonly DialectRoute[] = [getMedia, deleteMedia, askForMedia, giveMedia];
