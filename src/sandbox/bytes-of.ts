import { createCipheriv, createHash } from 'node:crypto';

const chunkBytes = 64 * 1024;

/**
 * Bytes that look random and are always the same for the same seed, so that a file of any size can be had without storing it.
 * @param size bytes in all, also 0
 */
export async function* bytesOf(size: number, seed: string): AsyncIterable<Uint8Array> {
  const key = createHash('sha256').update(seed).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(chunkBytes);
  for (let left = size; left > 0; left -= chunkBytes)
    yield stream.update(zeros.subarray(0, Math.min(left, chunkBytes)));
}
