import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { bareType } from '../../core/media-type.ts';
import type { Media } from '../../core/model.ts';
import { stateNow } from '../../core/present.ts';
import { safeBaseName } from '../../core/text.ts';
import { mediaIdOf } from './ids.ts';

export const downloadPath = '/v1/media/download';

/** Bare, because clients cut extensions out of it. */
export const typeOf = (media: Media): string => bareType(media.type) ?? 'application/octet-stream';

/**
 * The name of a document; undefined: it has none, or nothing of it is safe. A base name, because clients join it to a folder,
 * where files of other kinds would fall over each other: their names are made by carriers, alike for all.
 */
export function nameOf({ kind, fileName }: Media): string | undefined {
  if (kind !== 'document' && kind !== 'file') return undefined;
  return safeBaseName(fileName ?? '') || undefined;
}

/** An attachment; without id and path where there is no file to be had: not given by its carrier, not here yet, or gone. */
export function presentMedia(media: Media, now: Millis): JsonObject {
  const mimeType = typeOf(media);
  const fileName = nameOf(media);
  const named = fileName === undefined ? {} : { fileName };
  if (stateNow(media, now) !== 'stored') return { mimeType, ...named, byteSize: 0, unavailable: true };
  const mediaId = mediaIdOf(media.id);
  return { mediaId, downloadUrl: `${downloadPath}/${mediaId}`, mimeType, ...named, byteSize: media.size ?? 0 };
}
