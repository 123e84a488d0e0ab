import { fileTypeFromBuffer } from 'file-type';
import { sniffMarkup } from '../core/media-type.ts';

/**
 * The type of a file by its first bytes.
 * @param head at most the first 4100 bytes
 * @returns undefined when they say nothing
 */
export async function sniff(head: Uint8Array): Promise<string | undefined> {
  return (await fileTypeFromBuffer(head))?.mime ?? sniffMarkup(head);
}
