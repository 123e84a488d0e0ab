// What may be done with one media: read its bytes, fetch it again, delete it.

import { BlobMissing, type BlobStore, type ByteRange } from '../core/blob-store.ts';
import { Fault } from '../core/faults.ts';
import type { Clock } from '../core/ids.ts';
import type { Media, Reach } from '../core/model.ts';
import { stateNow } from '../core/present.ts';
import type { Records } from '../core/records.ts';

export type MediaDesk = {
  /** @throws Fault not_found */
  get(reach: Reach, id: string): Promise<Media>;
  /**
   * The media that a whole and living link names.
   * @throws Fault not_found, media_gone, media_not_ready, media_unavailable
   */
  forLink(id: string): Promise<Media & { blob: string; size: number; sha256: string; type: string }>;
  /** Holds a media against its state. @throws Fault media_gone, media_not_ready, media_unavailable */
  stored(media: Media): Media & { blob: string; size: number; sha256: string; type: string };
  /** The whole file where it is in memory, as long as it should be. */
  atHand(media: { blob: string; size: number }): Uint8Array | undefined;
  /** The bytes, or a part of them. @throws Fault media_gone when they were removed a moment ago */
  bytes(media: { blob: string }, range: ByteRange | undefined, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** @throws Fault not_found, move_refused when it is neither unavailable nor remote */
  retry(reach: Reach, id: string): Promise<Media>;
  /** Deleting twice is no error. @throws Fault not_found */
  remove(reach: Reach, id: string): Promise<Media>;
};

export type MediaDeskParts = {
  records: Records;
  /** `held`: a file that is in memory anyway. */
  blobs: Pick<BlobStore, 'read'> & { held(key: string): Uint8Array | undefined };
  clock: Clock;
  onWork(): void;
};

export function mediaDesk(parts: MediaDeskParts): MediaDesk {
  const { records, clock } = parts;

  const stored: MediaDesk['stored'] = (media) => {
    switch (stateNow(media, clock.now())) {
      case 'stored': {
        const { blob, size, sha256, type } = media;
        if (blob === null || size === null || sha256 === null || type === null)
          throw new Error(`${media.id} is stored without bytes`);
        return { ...media, blob, size, sha256, type };
      }
      case 'expired':
      case 'deleted':
        throw new Fault('media_gone');
      case 'unavailable':
        throw new Fault(
          'media_unavailable',
          media.reason === null ? {} : { detail: `The carrier did not give the file: ${media.reason}.` },
        );
      case 'pending':
      case 'remote':
        throw new Fault('media_not_ready', { retryAfter: 5 });
    }
  };

  return {
    stored,
    async get(reach, id) {
      const media = await records.media({ reach, id });
      if (media === undefined) throw new Fault('not_found');
      return media;
    },
    async forLink(id) {
      const media = await records.mediaForLink({ id });
      if (media === undefined) throw new Fault('media_gone');
      return stored(media);
    },
    atHand({ blob, size }) {
      const bytes = parts.blobs.held(blob);
      return bytes?.length === size ? bytes : undefined;
    },
    async bytes(media, range, signal) {
      try {
        return await parts.blobs.read(media.blob, range, signal);
      } catch (cause) {
        if (cause instanceof BlobMissing) throw new Fault('media_gone', { cause });
        throw cause;
      }
    },
    async retry(reach, id) {
      const moved = await records.retryMedia({ reach, id, now: clock.now() });
      if (moved === undefined) throw new Fault('not_found');
      if (!moved.changed)
        throw new Fault('move_refused', {
          detail: `The media is ${stateNow(moved.row, clock.now())}; only an unavailable one can be fetched again.`,
        });
      parts.onWork();
      return moved.row;
    },
    async remove(reach, id) {
      const moved = await records.deleteMedia({ reach, id, now: clock.now() });
      if (moved === undefined) throw new Fault('not_found');
      parts.onWork();
      return moved.row;
    },
  };
}
