// One answer streamed into the store: bounded in size, in silence and in slowness, hashed and looked at on the way.
// Memory stays constant: one chunk at a time, and the first bytes for the sniffer.

import { createHash } from 'node:crypto';
import { parse as parseDisposition } from 'content-disposition';
import type { BlobStore } from '../core/blob-store.ts';
import type { HopFailure } from '../core/carrier.ts';
import type { PassFailpoint } from '../core/failpoints.ts';
import type { CaptureReason } from '../core/reasons.ts';
import { type OutgoingAnswer, OutgoingError } from '../core/requester.ts';

export type Download = {
  size: number;
  /** Lower-case hex. */
  sha256: string;
  /** The first bytes, at most 4 KiB and a little, for the sniffer. */
  head: Uint8Array;
  servedType: string | null;
  /** The name in Content-Disposition, as it stands there. */
  fileName: string | null;
};

export type DownloadOptions = {
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

/** @returns the file as it now lies in the store, or why it does not; then nothing lies there */
export async function download(answer: OutgoingAnswer, options: DownloadOptions): Promise<Download | HopFailure> {
  const refused = refusalBefore(answer, options.mostBytes);
  if (refused !== undefined) {
    answer.body.destroy();
    return refused;
  }
  const watch = new Watch(options);
  const hash = createHash('sha256');
  const head: Uint8Array[] = [];
  let size = 0;

  async function* throughHash() {
    try {
      for await (const chunk of answer.body) {
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
      throw cause instanceof SourceFailure ? cause : new SourceFailure(readFailure(cause), cause);
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
    answer.body.destroy();
  }
  return {
    size,
    sha256: hash.digest('hex'),
    head: new Uint8Array(Buffer.concat(head)),
    servedType: answer.headers['content-type'] ?? null,
    fileName: nameIn(answer.headers['content-disposition']),
  };
}

/** What the headers alone rule out. */
function refusalBefore({ headers }: OutgoingAnswer, mostBytes: number): HopFailure | undefined {
  const encoding = headers['content-encoding']?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    return { is: 'transient', reason: 'content_encoding_unasked' };
  }
  if (Number(headers['content-length']) > mostBytes) return { is: 'permanent', reason: 'media_too_large' };
  return undefined;
}

function nameIn(disposition: string | undefined): string | null {
  if (disposition === undefined) return null;
  try {
    return parseDisposition(disposition).parameters['filename'] ?? null;
  } catch {
    return null; // A name is a nicety; a header that cannot be read costs nothing else.
  }
}

/** What a request met, as the reason of a failed try. */
export const requestReason = ({ failure }: OutgoingError): CaptureReason =>
  failure === 'refused' ? 'address_refused' : failure;

const readFailure = (cause: unknown): HopFailure => ({
  is: 'transient',
  reason: cause instanceof OutgoingError ? requestReason(cause) : 'cut_short',
});

class SourceFailure extends Error {
  readonly failure: HopFailure;
  constructor(failure: HopFailure, cause?: unknown) {
    super(failure.reason, { cause });
    this.failure = failure;
  }
}

/** Ends a download that has fallen silent or stays under the least rate for a minute. */
class Watch {
  failure: HopFailure | undefined;
  #abort = new AbortController();
  #lastByteAt = performance.now();
  #windowBegan = performance.now();
  #windowBytes = 0;
  #timer: NodeJS.Timeout;

  constructor({ stallMs, minBytesPerSecond }: Pick<DownloadOptions, 'stallMs' | 'minBytesPerSecond'>) {
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
