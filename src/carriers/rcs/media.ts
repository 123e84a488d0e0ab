import type { MediaClaim } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { CaptureReason } from '../../core/reasons.ts';
import { foreignId, nameBytes } from '../../core/text.ts';
import { member, textOf, wholeNumber } from '../json-reading.ts';
import { kindOfType } from '../media-kind.ts';

// Google does not say how long a user's file can be had. Those of agents are kept for 60 days, formerly 30, and resellers
// speak of 60; after the lower of the two nobody need ask again.
const mediaLifeMs = 30 * 24 * 60 * 60 * 1000;

const longestUrl = 4096;

/** The files of a `userFile`: the file itself and, where there is one, its thumbnail, each at an address of its own. */
export function readFiles(userFile: unknown, sentAt: Millis, now: Millis): MediaClaim[] {
  const thumbnail = member(userFile, 'thumbnail');
  const files = [claim(member(userFile, 'payload'), null, sentAt, now)];
  return thumbnail === undefined || thumbnail === null ? files : [...files, claim(thumbnail, 0, sentAt, now)];
}

/** One `FileInfo`. Nothing in it is sure but that there was a file; no hash is ever given. */
function claim(info: unknown, thumbnailOf: number | null, sentAt: Millis, now: Millis): MediaClaim {
  const declaredType = foreignId(member(info, 'mimeType')) ?? null;
  return {
    kind: kindOfType(declaredType),
    carrierMediaId: null,
    caption: null,
    fileName: textOf(member(info, 'fileName'), nameBytes),
    voice: false,
    animated: false,
    thumbnailOf,
    declaredType,
    declaredSha256: null,
    // A size of nothing is a field that was not filled in.
    declaredSize: wholeNumber(member(info, 'fileSizeBytes')) || null,
    ...whereIn(member(info, 'fileUri'), now),
    deadline: sentAt + mediaLifeMs,
  };
}

/** The address is all that protects a file, so it is kept where nobody is shown it. */
function whereIn(
  fileUri: unknown,
  now: Millis,
): { source: { url?: string; announced_at?: Millis } & JsonObject; unavailable: CaptureReason | null } {
  if (typeof fileUri !== 'string' || fileUri === '') return { source: {}, unavailable: 'media_id_missing' };
  const url = fileUri.length <= longestUrl && URL.canParse(fileUri) ? new URL(fileUri) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isPlain
    ? { source: { url: url.href, announced_at: now }, unavailable: null }
    : { source: {}, unavailable: 'invalid_url' };
}
