import type { MediaClaim } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { MediaKind } from '../../core/model.ts';
import type { CaptureReason } from '../../core/reasons.ts';
import { captionBytes, foreignId, nameBytes } from '../../core/text.ts';
import { readSha256 } from '../declared-sha256.ts';
import { member, textOf } from '../json-reading.ts';

/** The types of message whose object describes a file. `voice` is how older systems named a recorded audio. */
export const mediaKinds: ReadonlyMap<unknown, MediaKind> = new Map([
  ['image', 'image'],
  ['audio', 'audio'],
  ['voice', 'audio'],
  ['video', 'video'],
  ['document', 'document'],
  ['sticker', 'sticker'],
]);

/** What a message says about its files as a whole. */
export type MediaContext = {
  deadline: Millis;
  /** Codes of the errors that came with the message. */
  errors: number[];
};

/** The file of the user could not be taken over: larger than 100 MB, or Meta failed to get it. */
export const downloadFailed = 131052;

const longestUrl = 4096;

/** One attachment, from an object such as `image` or an item of a flow's picker; the object may be missing. */
export function mediaClaim(kind: MediaKind, object: unknown, { deadline, errors }: MediaContext): MediaClaim {
  const carrierMediaId = foreignId(member(object, 'id')) ?? null;
  return {
    kind,
    carrierMediaId,
    caption: textOf(member(object, 'caption'), captionBytes),
    fileName: textOf(member(object, 'filename') ?? member(object, 'file_name'), nameBytes),
    voice: member(object, 'voice') === true,
    animated: member(object, 'animated') === true,
    thumbnailOf: null,
    declaredType: foreignId(member(object, 'mime_type')) ?? null,
    declaredSha256: readSha256(member(object, 'sha256')),
    declaredSize: null,
    source: shortcut(member(object, 'url')),
    deadline,
    unavailable: whyUnavailable(carrierMediaId, errors),
  };
}

/** With a failed download even an id that is given leads nowhere; without an id there is nothing to ask for. */
function whyUnavailable(carrierMediaId: string | null, errors: number[]): CaptureReason | null {
  if (errors.includes(downloadFailed)) return `carrier_${downloadFailed}`;
  if (carrierMediaId !== null) return null;
  return errors[0] === undefined ? 'media_id_missing' : `carrier_${errors[0]}`;
}

/** The link that a webhook may give, with the time at which it dies: the unix seconds in its `ext`. */
function shortcut(value: unknown): JsonObject {
  if (typeof value !== 'string' || value.length > longestUrl || !URL.canParse(value)) return {};
  const url = new URL(value);
  const ext = url.searchParams.get('ext') ?? '';
  return { url: url.href, ...(/^\d{1,12}$/.test(ext) ? { url_expires_at: Number(ext) * 1000 } : {}) };
}
