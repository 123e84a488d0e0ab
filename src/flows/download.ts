// The answer of a carrier streamed into the store.

import { parse as parseDisposition } from 'content-disposition';
import type { HopFailure } from '../core/carrier.ts';
import type { CaptureReason } from '../core/reasons.ts';
import { type OutgoingAnswer, OutgoingError } from '../core/requester.ts';
import { type KeepOptions, type KeptFile, keepFile } from './keep-file.ts';

export type Download = KeptFile & {
  servedType: string | null;
  /** The name in Content-Disposition, as it stands there. */
  fileName: string | null;
};

/** @returns the file as it now lies in the store, or why it does not; then nothing lies there */
export async function download(answer: OutgoingAnswer, options: KeepOptions): Promise<Download | HopFailure> {
  try {
    const kept = refusalBefore(answer, options.mostBytes) ?? (await keepFile(answer.body, readFailure, options));
    if ('is' in kept) return kept;
    return {
      ...kept,
      servedType: answer.headers['content-type'] ?? null,
      fileName: nameIn(answer.headers['content-disposition']),
    };
  } finally {
    answer.body.destroy();
  }
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

const readFailure = (cause: unknown): CaptureReason =>
  cause instanceof OutgoingError && cause.failure !== 'refused' ? cause.failure : 'cut_short';
