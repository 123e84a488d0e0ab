// The file in a request: the body itself, or the one part of a form (RFC 7578). Bytes are passed on as they come.

import { PassThrough } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { parse as parseDisposition } from 'content-disposition';
import type { FastifyRequest } from 'fastify';
import type { GivenFile } from '../core/desk.ts';
import { Fault, invalid } from '../core/faults.ts';
import { bareType } from '../core/media-type.ts';

/**
 * Hands the file of a request to `keep`, while it arrives.
 * @throws Fault invalid_request when there is not exactly one file, upload_broken when a form ends too early
 */
export async function withGivenFile<Kept>(
  request: FastifyRequest,
  keep: (file: GivenFile, signal: AbortSignal) => Promise<Kept>,
): Promise<Kept> {
  const type = headerOf(request, 'content-type');
  const gone = new AbortController();
  const leave = () => gone.abort(new Error('the caller left'));
  request.raw.once('close', () => request.raw.complete || leave());
  try {
    if (bareType(type) === 'multipart/form-data') return await fromForm(request, keep, gone.signal);
    // Left where it is when `keep` stops early, or the answer could not go out on the same connection.
    const stream = request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    return await keep({ stream, type: type ?? null, fileName: nameOf(request) }, gone.signal);
  } finally {
    // What is left of a body that is refused is read and thrown away, so that the client hears the answer.
    request.raw.resume();
  }
}

const headerOf = ({ raw }: FastifyRequest, name: string): string | undefined => raw.headersDistinct[name]?.[0];

/** `x-file-name`, percent-encoded where it is not ASCII, or the name in Content-Disposition (RFC 6266). */
function nameOf(request: FastifyRequest): string | null {
  const plain = headerOf(request, 'x-file-name');
  const disposition = headerOf(request, 'content-disposition');
  try {
    if (plain !== undefined) return decodeURIComponent(plain) || null;
    return disposition === undefined ? null : (parseDisposition(disposition).parameters['filename'] ?? null);
  } catch {
    throw invalid(`headers.${plain === undefined ? 'content-disposition' : 'x-file-name'}`, 'cannot be read');
  }
}

/** The file goes on only to its last byte; its end is told when the form has ended well, so that nothing is kept before. */
async function fromForm<Kept>(
  request: FastifyRequest,
  keep: (file: GivenFile, signal: AbortSignal) => Promise<Kept>,
  signal: AbortSignal,
): Promise<Kept> {
  const form = formOf(request);
  const through = new PassThrough();
  const found = Promise.withResolvers<GivenFile>();
  let isTaken = false;
  let unfit: Fault | undefined;
  const refuse = (fault: Fault) => {
    unfit ??= fault;
    found.reject(fault);
    through.destroy(fault);
  };
  const broken = (cause: unknown) => refuse(new Fault('upload_broken', { cause }));

  // Whoever reads it hears of it; nobody reads it before a file was found.
  through.on('error', () => {});
  form.on('file', (_field, file, fileName, _encoding, type) => {
    file.on('error', broken);
    if (isTaken) {
      file.resume();
      refuse(invalid('body', 'has more than one file'));
      return;
    }
    isTaken = true;
    file.pipe(through, { end: false });
    // The rest of a file that nobody wants is thrown away.
    through.once('close', () => {
      file.unpipe(through);
      file.resume();
    });
    found.resolve({ stream: through, type, fileName: fileName ?? null });
  });
  form.on('field', (field) => refuse(invalid(`body.${field}`, 'is not known here')));
  form.on('error', broken);
  form.on('finish', () => (isTaken ? through.end() : refuse(invalid('body', 'has no file'))));
  signal.addEventListener('abort', () => broken(signal.reason));
  request.raw.pipe(form);
  try {
    return await keep(await found.promise, signal);
  } catch (error) {
    throw unfit ?? error;
  } finally {
    request.raw.unpipe(form);
    through.destroy();
  }
}

/** @param files at most so many @throws Fault invalid_request for a form without boundary */
export function formOf(request: FastifyRequest, files?: number) {
  try {
    const headers: BusboyHeaders = { 'content-type': headerOf(request, 'content-type') ?? '' };
    return new Busboy({
      headers,
      limits: { fieldSize: 1024, headerPairs: 50, headerSize: 16_384, ...(files !== undefined && { files }) },
    });
  } catch {
    throw invalid('headers.content-type', 'has no boundary');
  }
}
