import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from '../core/blob-store.ts';

// Two buffers take turns: while one is with the reader the other is filled. Made anew for each piece they would cost more
// than the reading.
const bufferBytes = 512 * 1024;

/**
 * The bytes of an open file, or those of a range, cut to the file's end. The file is closed when they are read, when
 * the reader stops, and when the signal fires, which also covers a reader that never begins.
 */
export async function fileBytes(
  file: FileHandle,
  range: ByteRange | undefined,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    signal.removeEventListener('abort', closeUnasked);
    closing ??= file.close();
    return closing;
  };
  // Whoever closes properly hears of a failure; here nobody listens, and the reader is told of the abort instead.
  const closeUnasked = () => void close().catch(() => {});
  signal.addEventListener('abort', closeUnasked);

  let at: number;
  let end: number;
  try {
    // It may have fired while the file was opened.
    signal.throwIfAborted();
    const { size } = await file.stat();
    at = range?.start ?? 0;
    end = Math.min(range === undefined ? size : range.end + 1, size);
  } catch (error) {
    await close();
    throw signal.aborted ? signal.reason : error;
  }

  const buffers: Buffer[] = [];
  let turn = 0;
  let ahead: Promise<Uint8Array> | undefined;
  const read = async (): Promise<Uint8Array> => {
    const length = Math.min(bufferBytes, end - at);
    buffers[turn] ??= Buffer.allocUnsafeSlow(length);
    const buffer = buffers[turn] ?? Buffer.alloc(0);
    turn = 1 - turn;
    const { bytesRead } = await file.read(buffer, 0, length, at);
    if (bytesRead === 0) throw new Error('the file is shorter than it was when it was opened');
    at += bytesRead;
    return buffer.subarray(0, bytesRead);
  };

  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    try {
      signal.throwIfAborted();
      if (closing !== undefined || (ahead === undefined && at >= end)) {
        await close();
        return { done: true, value: undefined };
      }
      const piece = await (ahead ?? read());
      ahead = at < end ? read() : undefined;
      // Whoever asks for it hears of its failure; perhaps nobody does.
      ahead?.catch(() => {});
      return { done: false, value: piece };
    } catch (error) {
      await close();
      throw signal.aborted ? signal.reason : error;
    }
  };
  const stop = async (): Promise<IteratorResult<Uint8Array>> => {
    await close();
    return { done: true, value: undefined };
  };
  // Not a generator: one that is stopped before its first step would never reach its `finally`.
  return { [Symbol.asyncIterator]: () => ({ next, return: stop }) };
}
