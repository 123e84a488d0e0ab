// A file in the vendor's words: what kind it is called, and the object that stands under that name.

import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { bareType } from '../../core/media-type.ts';
import type { Media } from '../../core/model.ts';
import { stateNow } from '../../core/present.ts';
import { safeBaseName } from '../../core/text.ts';
import { uuidOf } from '../uuid.ts';
import type { Settings } from './settings.ts';

/** Every kind that the vendor has, in the order of its settings page. */
export const vendorKinds = ['image', 'video', 'voice', 'sticker', 'audio', 'document'] as const;
export type VendorKind = (typeof vendorKinds)[number];

export function kindOf({ kind, voice }: Pick<Media, 'kind' | 'voice'>): VendorKind {
  if (kind === 'audio') return voice ? 'voice' : 'audio';
  return kind === 'file' ? 'document' : kind;
}

export const isHere = (media: Media, now: Millis): boolean => stateNow(media, now) === 'stored';

/** What both a message and an answer say of a file. */
const factsOf = (media: Media): JsonObject => ({
  id: uuidOf(media.id),
  mime_type: bareType(media.type) ?? 'application/octet-stream',
  ...present('sha256', media.sha256 ?? media.declaredSha256),
});

/** The file of a message. Without its bytes it says `undownloaded`, and its id is what a download is asked for with. */
export function mediaObject(media: Media, now: Millis, { statusInMessages, file }: Settings): JsonObject {
  const here = isHere(media, now);
  return {
    ...factsOf(media),
    ...present('caption', media.caption),
    ...(kindOf(media) === 'document' && present('filename', safeBaseName(media.fileName ?? ''))),
    ...(here && file !== 'none' && { file: pathOf(uuidOf(media.id), file) }),
    ...(here ? statusInMessages && { status: 'downloaded' } : { status: 'undownloaded' }),
  };
}

const notFound = { code: 400, title: 'Parameter not valid', details: 'Media not found in the datastore.' };

/** The outcome of a download, which is a webhook of its own. */
export function mediaItem(media: Media, now: Millis, { failedStatus }: Settings): JsonObject {
  const type = kindOf(media);
  return isHere(media, now)
    ? { type, [type]: { ...factsOf(media), status: 'downloaded' } }
    : { type, [type]: { ...factsOf(media), status: failedStatus }, errors: [notFound] };
}

const volume = '/usr/local/wamedia/shared';

/** One path is that of the vendor's samples, the other that of a real installation. */
function pathOf(uuid: string, form: 'uuid' | 'split'): string {
  if (form === 'uuid') return `${volume}/${uuid}`;
  return `${volume}/${uuid.replaceAll('-', '').replace(/^(.{4})(.{4})/, '$1/$2/')}`;
}

/** A member that is left out where there is nothing to say. */
const present = (name: string, value: string | null): JsonObject =>
  value === null || value === '' ? {} : { [name]: value };
