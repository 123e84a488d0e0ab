// The files of a form (RFC 7578), one after the other. Bytes are passed on as they come.

import { on } from 'node:events';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { GivenFile } from '../core/desk.ts';
import { Fault, invalid } from '../core/faults.ts';
import { formOf } from './given-file.ts';

/**
 * Each file is read to its end before the next is asked for.
 * @throws Fault invalid_request for fields and for more files than `most`, upload_broken when the form ends too early
 */
export async function* givenFiles(request: FastifyRequest, most: number): AsyncGenerator<GivenFile> {
  const form = formOf(request, most);
  const ended = new AbortController();
  const files = on(form, 'file', { close: ['finish'], signal: ended.signal });
  const open = new Set<Readable>();
  const stop = (fault: Fault) => {
    ended.abort(fault);
    for (const file of open) file.destroy(fault);
  };
  const broken = (cause?: unknown) => stop(new Fault('upload_broken', { cause }));

  /** Whoever reads a part hears why the form as a whole is refused. */
  async function* read(part: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* part;
    } catch (error) {
      throw ended.signal.aborted ? ended.signal.reason : error;
    }
  }

  form.on('file', (_field, file) => {
    open.add(file);
    file.on('error', broken);
    file.once('end', () => open.delete(file));
  });
  form.on('field', (field) => stop(invalid(`body.${field}`, 'is not known here')));
  form.on('filesLimit', () => stop(invalid('body', `has more than ${most} files`)));
  form.on('error', broken);
  request.raw.once('close', () => request.raw.complete || broken());
  request.raw.pipe(form);
  try {
    for await (const [, stream, fileName, , type] of files)
      yield { stream: read(stream), type, fileName: fileName ?? null };
  } catch (error) {
    throw ended.signal.aborted ? ended.signal.reason : error;
  } finally {
    request.raw.unpipe(form);
    for (const file of open) file.destroy();
    // What is left of a body that is refused is read and thrown away, so that the client hears the answer.
    request.raw.resume();
  }
}
