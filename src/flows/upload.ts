// A file that an application gives, kept as media of its app. What breaks off leaves nothing behind: the object is in the
// store before the records know it, and goes again when they will not have it.

import type { BlobStore } from '../core/blob-store.ts';
import type { HopFailure } from '../core/carrier.ts';
import type { GivenFile } from '../core/desk.ts';
import { Fault, invalid } from '../core/faults.ts';
import { type Clock, newId } from '../core/ids.ts';
import { effectiveType } from '../core/media-type.ts';
import type { Media, MediaKind, Reach } from '../core/model.ts';
import type { Records } from '../core/records.ts';
import { clip, nameBytes } from '../core/text.ts';
import { type KeptFile, keepFile } from './keep-file.ts';
import { sniff } from './sniff.ts';

export type Uploads = {
  /**
   * Keeps a file for an app within reach.
   * @throws Fault not_found, body_too_large, storage_full, upload_broken, invalid_request when it is empty
   */
  take(reach: Reach, appId: string, file: GivenFile, signal?: AbortSignal): Promise<Media>;
};

export type UploadParts = {
  records: Pick<Records, 'app' | 'createUpload'>;
  blobs: Pick<BlobStore, 'write' | 'remove'>;
  clock: Clock;
  limits: { uploadBytes: number; stallMs: number; minBytesPerSecond: number };
  /** Whether there is head-room to write files. */
  roomLeft(): boolean;
  onError(error: unknown, about: string): void;
};

const never = new AbortController().signal;

export function uploads({ records, blobs, clock, limits, roomLeft, onError }: UploadParts): Uploads {
  /** An object that stays behind costs room, not truth: nothing refers to it, and the search for orphans finds it. */
  const discard = (blob: string) => blobs.remove(blob).catch((error: unknown) => onError(error, `remove ${blob}`));

  return {
    async take(reach, appId, file, signal = never) {
      const app = await records.app({ reach, id: appId });
      if (app === undefined) throw new Fault('not_found');
      if (!roomLeft()) throw new Fault('storage_full', { retryAfter: 60 });
      const now = clock.now();
      const blob = `${app.id}/${newId('blob', now)}`;
      const kept = await keepFile(file.stream, () => 'cut_short', {
        store: blobs,
        blob,
        signal,
        mostBytes: limits.uploadBytes,
        stallMs: limits.stallMs,
        minBytesPerSecond: limits.minBytesPerSecond,
      });
      if ('is' in kept) throw faultOf(kept);
      const made = await recorded(kept, blob).catch(async (error: unknown) => {
        await discard(blob);
        throw error;
      });
      if (made.drop !== null) await discard(made.drop);
      return made.media;

      async function recorded({ size, sha256, head }: KeptFile, object: string) {
        if (size === 0) throw invalid('body', 'is empty');
        const sniffedType = (await sniff(head)) ?? null;
        const type = effectiveType(file.type, null, sniffedType);
        const upload = {
          kind: file.kind ?? kindOf(type),
          fileName: file.fileName === null ? null : clip(file.fileName, nameBytes),
          declaredType: file.type,
          sniffedType,
          type,
          size,
          sha256,
          blob: object,
          keep: file.keep === true,
        };
        const created = await records.createUpload({ reach, appId, now: clock.now(), upload });
        if (created === undefined) throw new Fault('not_found');
        return created;
      }
    },
  };
}

/** What somebody who sees the file would call it. */
function kindOf(type: string): MediaKind {
  const [top] = type.split('/');
  if (top === 'image' || top === 'audio' || top === 'video') return top;
  return type === 'application/octet-stream' ? 'file' : 'document';
}

function faultOf({ reason }: HopFailure): Fault {
  if (reason === 'media_too_large') return new Fault('body_too_large');
  if (reason.startsWith('storage_failed')) return new Fault('not_durable', { retryAfter: 5, cause: new Error(reason) });
  return new Fault('upload_broken', { detail: `The file did not arrive whole: ${reason}.` });
}
