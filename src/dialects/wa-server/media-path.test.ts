import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId } from '../../core/ids.ts';
import { uuidOf } from '../uuid.ts';
import { mediaPathOf, readMediaPath } from './media-path.ts';

const chance = fc.uint8Array({ minLength: 16, maxLength: 16 });
const now = fc.integer({ min: 0, max: 2 ** 42 });
const files = fc.tuple(now, chance, chance, chance).map(([at, app, channel, media]) => ({
  appId: newId('app', at, app),
  channelId: newId('channel', at, channel),
  id: newId('media', at, media),
  type: 'audio/ogg; codecs=opus',
}));
const form = /^media\/[0-9a-f-]{36}\/[0-9a-f-]{36}-[0-9A-F]{32}\.ogg$/;

test('a path leads back to its app, its device and its media', () => {
  fc.assert(
    fc.property(files, (file) => {
      const path = mediaPathOf(file);
      expect(path).toMatch(form);
      const read = readMediaPath(path);
      expect(read).toMatchObject({ app: uuidOf(file.appId), device: uuidOf(file.channelId) });
      expect((read?.media.from ?? '~') <= file.id && file.id <= (read?.media.to ?? '')).toBe(true);
      expect(mediaPathOf({ ...file, id: read?.media.from ?? file.id })).toBe(path);
    }),
  );
});

test('a file that came over no channel has its app in the place of the device', () => {
  const appId = newId('app', 0, new Uint8Array(16));
  const id = newId('media', 0, new Uint8Array(16));
  const path = mediaPathOf({ appId, id, channelId: null, type: null });
  expect(readMediaPath(path)).toMatchObject({ app: uuidOf(appId), device: uuidOf(appId) });
  expect(path).toMatch(/\.bin$/);
});

test('what climbs, is escaped twice or has another form names nothing', () => {
  const [path = ''] = fc.sample(files, 1).map(mediaPathOf);
  const others = [
    '',
    'media',
    '../../etc/passwd',
    `../${path}`,
    `/${path}`,
    `./${path}`,
    `${path}/..`,
    path.replace('/', '//'),
    path.replace('media/', 'media/../media/'),
    path.replaceAll('/', '\\'),
    path.replaceAll('/', '%2F'),
    path.replace(/\.ogg$/, ''),
    path.replace(/\.ogg$/, '.'),
    path.replace(/\.ogg$/, './x'),
    `${path}\n`,
    `${path}\0`,
    path.toUpperCase(),
    path.toLowerCase(),
  ];
  for (const other of others) expect(readMediaPath(other), other).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(readMediaPath(text)).toBeUndefined();
    }),
  );
});
