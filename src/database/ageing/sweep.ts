// Ageing in bounded steps. One call changes at most `limit` rows over all steps, so that it never holds up a commit for
// long; whoever calls goes on until nothing changes. What is gone for readers goes first, then what has expired, then
// what is merely old.

import type { Millis } from '../../core/ids.ts';
import type { Access } from '../schema.ts';
import { eraseDeletedApps, eraseDestroyedChannels } from './erase.ts';
import { expireMedia } from './expire.ts';
import { forgetEndedKeys, forgetEvents, forgetJournal, forgetMarks, forgetMessages, forgetUploads } from './forget.ts';
import { nothingSpared, type Spared, type Step } from './step.ts';
import { trimQueues } from './trim-queues.ts';

const steps: readonly Step[] = [
  eraseDestroyedChannels,
  eraseDeletedApps,
  expireMedia,
  trimQueues,
  forgetJournal,
  forgetEvents,
  forgetMessages,
  forgetUploads,
  forgetEndedKeys,
  forgetMarks,
];

export async function sweep(
  access: Access,
  { now, limit }: { now: Millis; limit: number },
  spared: Spared = nothingSpared,
): Promise<{ changed: number }> {
  let changed = 0;
  for (const step of steps) {
    if (changed >= limit) break;
    changed += await step(access, now, limit - changed, spared);
    if (changed > 0) access.pass?.('mid_sweep');
  }
  return { changed };
}
