import type { DialectRoute } from '../../core/dialect.ts';
import { Fault, invalid } from '../../core/faults.ts';
import { bareType } from '../../core/media-type.ts';
import { appOf } from '../app-of.ts';
import { uuidOf } from '../uuid.ts';
import { describe } from './answers.ts';
import { deviceOf, readMediaPath } from './media-path.ts';
import { settingsOf } from './settings.ts';

/** Types that downloads tell (vendor's media page). */
const knownTypes: readonly (string | null | undefined)[] = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'video/mp4',
  'audio/mpeg',
  'audio/ogg',
  'application/pdf',
];
const otherType = 'application/octet-stream';

/** The file itself, under the path that a webhook brought; no link, no redirect. */
const getMedia: DialectRoute = {
  method: 'GET',
  path: '/media',
  needs: { permission: 'read', reach: 'app' },
  takes: 'nothing',
  describes: {
    ...describe('The file behind a media_path.', { status: 200, body: null }, { refusals: [404] }),
    query: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
  },
  async answer({ caller, query, desk }) {
    const { path } = query;
    if (path === undefined || path === '') throw invalid('query.path', 'is missing');
    const named = readMediaPath(path);
    if (named === undefined) throw invalid('query.path', 'is not a media_path');
    // Whose a path is stands in it: another app's is refused before anything is looked up.
    if (named.app !== uuidOf(appOf(caller))) throw foreign();
    const found = await desk.media(caller, named.media);
    if (found.is === 'foreign') throw foreign();
    if (found.is !== 'own') throw new Fault('not_found');
    const file = found.thing;
    if (named.device !== deviceOf(file) || desk.stateOf(file) !== 'stored') throw new Fault('not_found');
    const bare = bareType(file.type);
    if (bare !== undefined && knownTypes.includes(bare))
      return { status: 200, file, type: bare, disposition: 'inline' };
    const wide = (await desk.endpoints(caller)).some(({ settings }) => settingsOf(settings).types === 'wide');
    return { status: 200, file, type: wide ? (bare ?? otherType) : otherType, disposition: 'inline' };
  },
};

const foreign = () => new Fault('permission_missing', { detail: "This file is not one of the key's app." });

export const mediaRoutes: readonly DialectRoute[] = [getMedia];
