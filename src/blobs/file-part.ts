import { closeSync, open, read } from 'node:fs';
import { promisify } from 'node:util';
import type { ByteRange } from '../core/blob-store.ts';

const opened = promisify(open);
const readInto = promisify(read);

/** The longest part that is read at once. */
export const mostOfPart = 512 * 1024;

/**
 * A part of a file in one buffer, cut to the file's end. For a small file each trip to the thread pool costs as much as
 * reading it, so there are two: its size is not looked at, and it is closed right here, which of a file that was only read
 * writes nothing and waits for nothing.
 */
export async function filePart(path: string, { start, end }: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
  const file = await opened(path, 'r');
  try {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafeSlow(end - start + 1);
    // A file gives less than was asked for only at its end.
    const { bytesRead } = await readInto(file, buffer, 0, buffer.length, start);
    signal.throwIfAborted();
    return buffer.subarray(0, bytesRead);
  } finally {
    closeSync(file);
  }
}
