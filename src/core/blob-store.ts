// The port to where bytes are kept. Keys are `{app id}/{blob id}`, made for each write and never used again.

import type { Millis } from './ids.ts';

export type ByteRange = { start: number; end: number };

export type StoredObject = { key: string; writtenAt: Millis };

export type BlobStore = {
  /**
   * Keeps a stream under a key, durable when it resolves; a stream that fails or is aborted leaves nothing behind.
   * @returns the bytes written
   */
  write(key: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<{ bytes: number }>;
  /**
   * The bytes, or those from `start` to `end`, both included. A piece is the reader's until it asks for the next.
   * @throws BlobMissing
   */
  read(key: string, range: ByteRange | undefined, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Removes it; removing what is not there is no error. */
  remove(key: string): Promise<void>;
  /**
   * One page of the objects. From null until `next` is null each object that was there all the while comes once; `next` is
   * opaque, and a page may be empty before the end.
   * @param limit the most objects that a page has
   */
  list(after: string | null, limit: number): Promise<{ objects: StoredObject[]; next: string | null }>;
  /** Share of the storage that is free, 0 to 1; 1 where the store does not say. */
  free(): Promise<number>;
  /** Writes, reads and removes a few bytes. @throws when the store cannot be written */
  probe(): Promise<void>;
};

export class BlobMissing extends Error {
  override readonly name = 'BlobMissing';
}
