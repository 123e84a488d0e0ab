import type { FileHandle } from 'node:fs/promises';

// Sockets give 16 to 64 KiB at a time; one system call for each would cost more than the copy. Twice as much at once would
// gain nothing more, and as many files are written at a time as the settings allow.
const bufferBytes = 512 * 1024;

// A buffer that is done with serves the next write: made anew for each file, they would drive the garbage collector, and
// small files would pay for pages that they never touch.
const spare: Buffer[] = [];
const mostSpare = 16;

/**
 * Writes a stream to a file in pieces of half a MiB; one buffer of that size is all it holds. A chunk may be reused by
 * its source once the next is asked for. An abort is heard even while the source is silent.
 * @returns the bytes written
 * @throws the source's error, the signal's reason, or what the disk says
 */
export async function writeCoalesced(
  file: FileHandle,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  let held = 0;
  let written = 0;

  const flush = async () => {
    for (let from = 0; from < held; ) {
      const { bytesWritten } = await file.write(buffer, from, held - from);
      from += bytesWritten;
    }
    written += held;
    held = 0;
  };

  try {
    for await (const chunk of heeding(body, signal)) {
      for (let from = 0; from < chunk.length; ) {
        const taken = Math.min(chunk.length - from, bufferBytes - held);
        buffer.set(chunk.subarray(from, from + taken), held);
        from += taken;
        held += taken;
        if (held === bufferBytes) await flush();
      }
    }
    await flush();
  } finally {
    // No write is under way: each was awaited before the next step.
    if (spare.length < mostSpare) spare.push(buffer);
  }
  return written;
}

/** The same stream, ended by the signal's reason even if its source never gives another chunk. */
async function* heeding(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const source = body[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const step = await nextUnlessAborted(source, signal);
      finished = step.done === true;
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    // Not awaited: a source that hangs would never answer. Its own complaints about being stopped tell nothing new.
    if (!finished) source.return?.().catch(() => {});
  }
}

// A promise for each step. Racing every step against one long-lived promise would keep every chunk alive.
function nextUnlessAborted(
  source: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
): Promise<IteratorResult<Uint8Array>> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    void source
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
