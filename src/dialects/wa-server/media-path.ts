// The name of a file in this dialect: `media/{app}/{device}-{file}.{ext}`, two UUIDs and 32 upper-case hex digits. The digits
// are the first 128 bits of the media's id; the extension is decoration.

import { type Id, type IdSpan, idsBeginningWith, leadingBits } from '../../core/ids.ts';
import { extensionOf } from '../../core/media-type.ts';
import type { Media } from '../../core/model.ts';
import { uuidOf } from '../uuid.ts';

const bits = 128;

/** The UUID under which a file's device goes. A file that the application gave itself came over none: its app stands there. */
export const deviceOf = ({ channelId, appId }: Pick<Media, 'channelId' | 'appId'>): string =>
  uuidOf(channelId ?? appId);

export function mediaPathOf(media: Pick<Media, 'id' | 'appId' | 'channelId' | 'type'>): string {
  return `media/${uuidOf(media.appId)}/${deviceOf(media)}-${digitsOf(media.id)}.${extensionOf(media.type)}`;
}

const digitsOf = (id: Id<'media'>): string => leadingBits(id, bits).toString(16).padStart(32, '0').toUpperCase();

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const form = new RegExp(`^media/(?<app>${uuid})/(?<device>${uuid})-(?<digits>[0-9A-F]{32})\\.[a-z0-9]{1,10}$`);

/** What a path names; undefined: it has another form, so that nothing in it can climb out of anything. */
export function readMediaPath(path: string): { app: string; device: string; media: IdSpan<'media'> } | undefined {
  const { app, device, digits } = form.exec(path)?.groups ?? {};
  if (app === undefined || device === undefined || digits === undefined) return undefined;
  return { app, device, media: idsBeginningWith('media', BigInt(`0x${digits}`), bits) };
}
