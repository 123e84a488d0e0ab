// Removing the bytes of a blob that nothing refers to any more: the object first, its row afterwards.

import type { BlobStore } from '../core/blob-store.ts';
import type { PassFailpoint } from '../core/failpoints.ts';
import type { Clock } from '../core/ids.ts';
import type { Records, RemoveJob } from '../core/records.ts';

export type RemoveReport = { blob: string };

export type RemoveParts = {
  records: Pick<Records, 'settleRemovals'>;
  blobs: Pick<BlobStore, 'remove'>;
  clock: Clock;
  /** Called when the bytes are gone. */
  report(report: RemoveReport): void;
  onError(error: unknown, about: string): void;
  pass?: PassFailpoint | undefined;
};

const retryAfterMs = 60_000;

export function removeWork(parts: RemoveParts): (job: RemoveJob, signal: AbortSignal) => Promise<void> {
  return async function work(job) {
    const lease = { job: job.job, attempt: job.attempt };
    parts.pass?.('before_object_removed');
    try {
      await parts.blobs.remove(job.blob);
    } catch (error) {
      parts.onError(error, `remove ${job.blob}`);
      const at = parts.clock.now();
      const reason = error instanceof Error ? error.message : String(error);
      await parts.records.settleRemovals([{ ...lease, at, result: { to: 'retry', at: at + retryAfterMs, reason } }]);
      return;
    }
    parts.pass?.('before_removal_settled');
    await parts.records.settleRemovals([{ ...lease, at: parts.clock.now(), result: { to: 'removed' } }]);
    parts.report({ blob: job.blob });
  };
}
