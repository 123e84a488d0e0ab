// One attachment, as messages carry it and as the media address answers.

import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Links } from '../../core/links.ts';
import { bareType } from '../../core/media-type.ts';
import type { Media } from '../../core/model.ts';
import { stateNow } from '../../core/present.ts';
import { safeBaseName } from '../../core/text.ts';

/** Life of every link, from the sending of the webhook or the answer that carries it (vendor's page "media access"). */
const linkSeconds = 60 * 60;

/** Its id, which stays good, and a link; null where the file is not here. */
export function handleOf(media: Media, now: Millis, links: Links): { url: string | null; id: string } {
  const isHere = stateNow(media, now) === 'stored';
  return { url: isHere ? links.to(media, now, { seconds: linkSeconds }).url : null, id: media.id };
}

/** What is known about the file, bare and safe: clients cut extensions out of types and join names into paths. */
export const factsOf = (media: Media) => ({
  mimeType: bareType(media.type) ?? null,
  fileSize: media.size,
  sha256: media.sha256,
});

export const nameOf = (media: Media): string | null => safeBaseName(media.fileName ?? '') || null;

/** The answer to a question for a stored file. */
export function presentMedia(media: Media, now: Millis, links: Links): JsonObject {
  const { url, expiresAt } = links.to(media, now, { seconds: linkSeconds });
  return {
    id: media.id,
    url,
    expiresAt: new Date(expiresAt).toISOString(),
    ...factsOf(media),
    filename: nameOf(media),
    createdAt: new Date(media.receivedAt).toISOString(),
  };
}
