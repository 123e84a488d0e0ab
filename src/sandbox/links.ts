// Links that die: `ext` is the second in which a link ends, `hash` proves that nobody changed it. A link also dies when the
// media moves on to its next generation, which is how a fault kills the links that are out.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock, Millis } from '../core/ids.ts';

/** How long a link of the look-up lives (Meta, "Media": five minutes). */
export const linkLifeMs = 5 * 60 * 1000;

/** How long after the message's timestamp the link of its webhook ends; captured webhooks show 301 or 302 seconds. */
export const webhookLinkLifeMs = 301 * 1000;

/** Who handed a link out. */
export type LinkSource = 'webhook' | 'getMedia' | 'redirect';

export type Links = {
  /** The query of a link, without question mark. */
  query(mediaId: string, source: LinkSource, endsAt: Millis): string;
  /** The media whose link this query is; undefined when it is altered, over or dead. */
  open(query: URLSearchParams): { mediaId: string; source: string } | undefined;
  /** Kills every link of a media that was handed out until now. */
  kill(mediaId: string): void;
};

export function links(clock: Clock, key: Uint8Array = randomBytes(32)): Links {
  const generations = new Map<string, number>();
  const hashOf = (mediaId: string, source: string, ext: string): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([mediaId, source, ext, generations.get(mediaId) ?? 0]))
      .digest('base64url');
  return {
    query(mediaId, source, endsAt) {
      const ext = String(Math.floor(endsAt / 1000));
      return String(new URLSearchParams({ mid: mediaId, source, ext, hash: hashOf(mediaId, source, ext) }));
    },
    open(query) {
      const value = (name: string): string => query.get(name) ?? '';
      const link = { mediaId: value('mid'), source: value('source') };
      const right = Buffer.from(hashOf(link.mediaId, link.source, value('ext')));
      const given = Buffer.from(value('hash'));
      if (right.length !== given.length || !timingSafeEqual(right, given)) return undefined;
      return clock.now() < Number(value('ext')) * 1000 ? link : undefined;
    },
    kill(mediaId) {
      generations.set(mediaId, (generations.get(mediaId) ?? 0) + 1);
    },
  };
}
