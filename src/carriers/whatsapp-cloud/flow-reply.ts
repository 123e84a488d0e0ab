// The answer to a WhatsApp Flow. Its photo and document pickers put lists of file objects anywhere into a JSON text that
// the flow's author shapes; their ids can be fetched like those of any other media. The encrypted form that only a flow
// endpoint gets (`cdn_url`) has no such id and stays what it is: content.

import type { MediaClaim } from '../../core/carrier.ts';
import type { MediaKind } from '../../core/model.ts';
import { member } from '../json-reading.ts';
import { type MediaContext, mediaClaim } from './media.ts';

/** Far above the 30 files that a picker allows; a bound for what a forged answer can cause. */
export const mostFiles = 256;

/** The files in a flow's `response_json`, each id once; none when the text is no JSON. */
export function flowFiles(responseJson: unknown, context: MediaContext): MediaClaim[] {
  const found = new Map<string, MediaClaim>();
  const open = [parsed(responseJson)];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const claim = fileClaim(value, context);
    if (claim?.carrierMediaId) {
      if (!found.has(claim.carrierMediaId)) found.set(claim.carrierMediaId, claim);
    } else if (typeof value === 'object' && value !== null) {
      // Turned round, because the last one pushed is looked at first and the files should keep their order.
      for (const inner of Object.values(value).reverse()) open.push(inner);
    }
  }
  return [...found.values()];
}

function fileClaim(value: unknown, context: MediaContext): MediaClaim | undefined {
  const type = member(value, 'mime_type');
  if (typeof type !== 'string' || member(value, 'cdn_url') !== undefined) return undefined;
  return mediaClaim(kindOf(type), value, context);
}

/** A picker does not say what it picked, but its MIME type does. */
function kindOf(type: string): MediaKind {
  const family = /^(image|audio|video)\//i.exec(type)?.[1]?.toLowerCase();
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'document';
}

/**
 * Ids may be numbers beyond what a double holds exactly, so they are put in quotes before parsing. The pattern cannot match
 * inside a JSON text, where a quote is always written with a backslash.
 */
function parsed(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text.replace(/("id"\s*:\s*)(\d+)(?=\s*[,}])/g, '$1"$2"'));
  } catch {
    // Broken: the content still carries the text itself.
    return undefined;
  }
}
