// The files of a message: up to ten addresses under MediaUrl0, MediaUrl1, … An address is data from a request, so it is only
// ever read, never asked: what is kept are the two ids in it, and only where the rest is exactly our own account's address.

import type { Account, MediaClaim } from '../../core/carrier.ts';
import type { Millis } from '../../core/ids.ts';
import { bareType } from '../../core/media-type.ts';
import { captionBytes, foreignId } from '../../core/text.ts';
import { textOf } from '../json-reading.ts';
import { kindOfType } from '../media-kind.ts';
import { firstOf, type Parameters } from './parameters.ts';
import { accountUrl } from './settings.ts';

export const mostFiles = 10;

// Twilio keeps a file until somebody deletes it. A file that still cannot be had after so long never will be.
const mediaLifeMs = 30 * 24 * 60 * 60 * 1000;

/** How many files a message says to have: by its number, and by its addresses, because either may be missing. */
export function filesIn(parameters: Parameters): number {
  const told = firstOf(parameters, 'NumMedia') ?? '';
  let files = /^\d{1,3}$/.test(told) ? Number(told) : 0;
  for (const name of parameters.keys()) {
    const at = /^MediaUrl(\d{1,3})$/.exec(name)?.[1];
    if (at !== undefined) files = Math.max(files, Number(at) + 1);
  }
  return files;
}

/** The claim of each file; the caption belongs to the first. */
export function readFiles(parameters: Parameters, account: Account, now: Millis): MediaClaim[] {
  const isWhatsApp = firstOf(parameters, 'From')?.startsWith('whatsapp:') ?? false;
  return Array.from({ length: Math.min(filesIn(parameters), mostFiles) }, (_, at): MediaClaim => {
    const url = firstOf(parameters, `MediaUrl${at}`);
    const type = foreignId(firstOf(parameters, `MediaContentType${at}`)) ?? null;
    const ids = url === undefined ? undefined : idsIn(url, account);
    return {
      // WhatsApp alone tells a sticker from a picture.
      kind: firstOf(parameters, 'MessageType') === 'sticker' ? 'sticker' : kindOfType(type),
      carrierMediaId: ids?.media ?? null,
      caption: at === 0 ? textOf(firstOf(parameters, 'Body'), captionBytes) : null,
      fileName: null,
      // What is recorded in WhatsApp is Ogg with Opus; a music file that is sent along is not.
      voice: isWhatsApp && bareType(type) === 'audio/ogg',
      animated: false,
      thumbnailOf: null,
      declaredType: type,
      declaredSha256: null,
      declaredSize: null,
      source: ids === undefined ? {} : { message_sid: ids.message, announced_at: now },
      deadline: now + mediaLifeMs,
      unavailable: ids !== undefined ? null : url === undefined ? 'media_id_missing' : 'media_url_refused',
    };
  });
}

/** The ids in an address that is ours in every character; undefined for any other. */
function idsIn(url: string, account: Account): { message: string; media: string } | undefined {
  const start = `${accountUrl(account)}/Messages/`;
  if (!url.startsWith(start)) return undefined;
  const [, message, media] = /^([SM]M[0-9a-f]{32})\/Media\/(ME[0-9a-f]{32})$/i.exec(url.slice(start.length)) ?? [];
  return message === undefined || media === undefined ? undefined : { message, media };
}
