import type { Rendered, Telling } from '../../core/dialect.ts';
import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Event } from '../../core/model.ts';
import { mediaItem } from './media-object.ts';
import { messageBody } from './message.ts';
import { type Settings, settingsOf } from './settings.ts';

/**
 * The webhook of an event. A message goes out at once; what became of a file that was not here then, or that somebody asked
 * for, is told as `media_items`.
 */
export function render({ event, now, settings }: Telling): Rendered | null {
  const body = tell(event, now, settingsOf(settings));
  return body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

function tell({ type, message, media }: Event, now: Millis, settings: Settings): JsonObject | null {
  switch (type) {
    case 'message.received':
      return message && messageBody(message, now, settings);
    case 'media.stored':
    case 'media.unavailable':
      // Nobody was told of a message that the business wrote itself, or of a preview.
      if (message?.direction !== 'inbound' || media?.thumbnailOf !== null) return null;
      return { media_items: [mediaItem(media, now, settings)] };
    case 'media.answered':
      return media && { media_items: [mediaItem(media, now, settings)] };
    default:
      return null;
  }
}
