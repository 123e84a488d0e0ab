// A media as a webhook announces it.

import type { Millis } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { wrongSha256 } from '../graph.ts';
import type { KeptMedia } from '../kept-media.ts';
import { type Links, webhookLinkLifeMs } from '../links.ts';
import type { Content } from './contents.ts';

export type SentKind = 'image' | 'video' | 'audio' | 'document' | 'sticker';

export type MediaOptions = {
  /** By the type when it is not given. */
  kind?: SentKind;
  caption?: string;
  /** Recorded in WhatsApp; by default every OGG file is. */
  voice?: boolean;
  animated?: boolean;
  /** Base64 by default, as in live webhooks. */
  sha256?: 'base64' | 'hex' | 'wrong' | 'missing';
  /** `fresh`, the default, ends 301 seconds after the message's timestamp; `dead` ended before it. */
  url?: 'fresh' | 'dead' | 'missing' | URL;
  /** Documents only; null: the key is missing. The name under which the file is kept when it is not given. */
  fileName?: string | null;
  /** In place of the type under which the file is kept; null: the key is missing. */
  declaredType?: string | null;
  /** In place of the media's id; null: the key is missing. */
  id?: string | null;
};

/** How WhatsApp would show a file of this type. */
export function kindOf(type: string): SentKind {
  const bare = type.split(';', 1)[0] ?? '';
  if (bare === 'image/jpeg' || bare === 'image/png') return 'image';
  if (bare === 'image/webp') return 'sticker';
  if (bare === 'video/mp4' || bare === 'video/3gpp') return 'video';
  return bare.startsWith('audio/') ? 'audio' : 'document';
}

/**
 * @param link makes the webhook's own link
 * @param sentAt timestamp of the message
 */
export function mediaContent(
  media: KeptMedia,
  options: MediaOptions,
  link: (query: string) => string,
  links: Links,
  sentAt: Millis,
): Content {
  const kind = options.kind ?? kindOf(media.type);
  const id = options.id === undefined ? media.id : options.id;
  const type = options.declaredType === undefined ? media.type : options.declaredType;
  const fileName = options.fileName === undefined ? media.fileName : options.fileName;
  const sha256 = sha256Of(media, options.sha256);
  const url = urlOf();
  const object: JsonObject = {
    ...(options.caption !== undefined && { caption: options.caption }),
    ...(kind === 'document' && fileName !== null && { filename: fileName }),
    ...(type !== null && { mime_type: type }),
    ...(sha256 !== undefined && { sha256 }),
    ...(id !== null && { id }),
    ...(url !== undefined && { url }),
    ...(kind === 'audio' && { voice: options.voice ?? media.type.startsWith('audio/ogg') }),
    ...(kind === 'sticker' && { animated: options.animated ?? false }),
  };
  return { type: kind, [kind]: object };

  function urlOf(): string | undefined {
    if (options.url instanceof URL) return options.url.href;
    if (options.url === 'missing') return undefined;
    return link(links.query(media.id, 'webhook', sentAt + (options.url === 'dead' ? -1000 : webhookLinkLifeMs)));
  }
}

function sha256Of({ sha256 }: KeptMedia, form: MediaOptions['sha256']): string | undefined {
  if (form === 'missing') return undefined;
  if (form === 'hex') return sha256;
  return Buffer.from(form === 'wrong' ? wrongSha256 : sha256, 'hex').toString('base64');
}
