// How much of the storage is free, looked at once a second: captures stop before webhooks are refused, so that what is
// already promised can still be recorded.

import type { BlobStore } from '../core/blob-store.ts';

export type HeadRoom = {
  /** Whether captures may write files. */
  forCaptures(): boolean;
  /** Whether webhooks may be accepted. */
  forIntake(): boolean;
  free(): number;
  stop(): void;
};

const everyMs = 1000;

/** @param limits shares of the storage, 0 to 1 */
export async function watchHeadRoom(
  blobs: Pick<BlobStore, 'free'>,
  limits: { captures: number; intake: number },
  onError: (error: unknown, about: string) => void,
): Promise<HeadRoom> {
  let free = await blobs.free();
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    blobs
      .free()
      .then((share) => {
        free = share;
      })
      .catch((error: unknown) => onError(error, 'free space'))
      .finally(() => {
        looking = false;
      });
  }, everyMs);
  return {
    forCaptures: () => free >= limits.captures,
    forIntake: () => free >= limits.intake,
    free: () => free,
    stop: () => clearInterval(timer),
  };
}
