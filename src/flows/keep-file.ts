// A stream of bytes into the store: bounded in size, in silence and in slowness, hashed and looked at on the way.
// Memory stays constant: one chunk at a time, and the first bytes for the sniffer.

import { createHash } from 'node:crypto';
import type { BlobStore } from '../core/blob-store.ts';
import type { HopFailure } from '../core/carrier.ts';
import type { PassFailpoint } from '../core/failpoints.ts';
import type { CaptureReason } from '../core/reasons.ts';

export type KeptFile = {
  size: number;
  /** Lower-case hex. */
  sha256: string;
  /** The first bytes, at most 4 KiB and a little, for the sniffer. */
  head: Uint8Array;
};

export type KeepOptions = {
  store: Pick<BlobStore, 'write'>;
  blob: string;
  signal: AbortSignal;
  mostBytes: number;
  stallMs: number;
  /** Least rate over any minute. */
  minBytesPerSecond: number;
  pass?: PassFailpoint | undefined;
};

const headBytes = 4100;
const rateWindowMs = 60_000;

/**
 * @param reasonOf why the source broke off, by what it threw
 * @returns the file as it now lies in the store, or why it does not; then nothing lies there
 */
export async function keepFile(
  source: AsyncIterable<Uint8Array>,
  reasonOf: (cause: unknown) => CaptureReason,
  options: KeepOptions,
): Promise<KeptFile | HopFailure> {
  const watch = new Watch(options);
  const hash = createHash('sha256');
  const head: Uint8Array[] = [];
  let size = 0;

  async function* throughHash() {
    try {
      for await (const chunk of source) {
        watch.saw(chunk.byteLength);
        size += chunk.byteLength;
        if (size > options.mostBytes) throw new SourceFailure({ is: 'permanent', reason: 'media_too_large' });
        hash.update(chunk);
        const wanted = headBytes - (size - chunk.byteLength);
        if (wanted > 0) head.push(Uint8Array.from(chunk.subarray(0, wanted)));
        yield chunk;
        options.pass?.('mid_download');
      }
    } catch (cause) {
      throw cause instanceof SourceFailure
        ? cause
        : new SourceFailure({ is: 'transient', reason: reasonOf(cause) }, cause);
    }
  }

  try {
    await options.store.write(options.blob, throughHash(), AbortSignal.any([options.signal, watch.signal]));
  } catch (error) {
    if (watch.failure !== undefined) return watch.failure;
    if (error instanceof SourceFailure) return error.failure;
    if (options.signal.aborted) return { is: 'transient', reason: 'aborted' };
    return { is: 'transient', reason: `storage_failed: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    watch.end();
  }
  return { size, sha256: hash.digest('hex'), head: new Uint8Array(Buffer.concat(head)) };
}

class SourceFailure extends Error {
  readonly failure: HopFailure;
  constructor(failure: HopFailure, cause?: unknown) {
    super(failure.reason, { cause });
    this.failure = failure;
  }
}

/** Ends a stream that has fallen silent or stays under the least rate for a minute. */
class Watch {
  failure: HopFailure | undefined;
  #abort = new AbortController();
  #lastByteAt = performance.now();
  #windowBegan = performance.now();
  #windowBytes = 0;
  #timer: NodeJS.Timeout;

  constructor({ stallMs, minBytesPerSecond }: Pick<KeepOptions, 'stallMs' | 'minBytesPerSecond'>) {
    this.#timer = setInterval(
      () => {
        const now = performance.now();
        if (now - this.#lastByteAt >= stallMs) this.#stop('stalled');
        const elapsed = now - this.#windowBegan;
        if (elapsed < rateWindowMs) return;
        if (this.#windowBytes < (minBytesPerSecond * elapsed) / 1000) this.#stop('too_slow');
        this.#windowBegan = now;
        this.#windowBytes = 0;
      },
      Math.min(1000, Math.max(10, stallMs / 4)),
    );
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  saw(bytes: number): void {
    this.#lastByteAt = performance.now();
    this.#windowBytes += bytes;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #stop(reason: CaptureReason): void {
    this.failure ??= { is: 'transient', reason };
    this.#abort.abort(new Error(reason));
  }
}
