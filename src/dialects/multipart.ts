// A form with one file, read as it comes: the file goes on as a stream, the fields are few and small, whatever else the form
// holds is passed over. RFC 7578.

import { type Readable, Readable as Stream } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { Fault, invalid } from '../core/faults.ts';

export type FormFile = { stream: AsyncIterable<Uint8Array>; type: string | null; fileName: string | null };

const limits = {
  fieldNameSize: 100,
  fieldSize: 4 * 1024,
  fields: 20,
  parts: 30,
  headerPairs: 50,
  headerSize: 16 * 1024,
};

/**
 * Reads a form to its end, whatever comes of its file, so that the caller hears the answer.
 * @param keep takes the first file of the field `name`; fields may come before and after it
 * @returns the text of the fields
 * @throws Fault invalid_request when it is no form or breaks off; what `keep` throws
 */
export async function readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string | undefined,
  { name, keep }: { name: string; keep(file: FormFile): Promise<void> },
): Promise<ReadonlyMap<string, string>> {
  const form = formReader(contentType);
  const fields = new Map<string, string>();
  const seen: { tooLong?: string; file?: Readable; kept?: Promise<{ error?: unknown }> } = {};

  form.on('field', (field, value, _nameCut, valueCut) => {
    if (valueCut) seen.tooLong ??= field;
    fields.set(field, value);
  });
  form.on('file', (field, file, fileName, _encoding, type) => {
    if (field !== name || seen.file !== undefined) return void file.resume();
    seen.file = file;
    // Without a listener a form that breaks off inside the file would end the process; `keep` hears of it by reading.
    file.on('error', () => undefined);
    const stream = file.iterator({ destroyOnReturn: false });
    seen.kept = keep({ stream, type: type || null, fileName: fileName || null })
      .then(
        () => ({}),
        (error: unknown) => ({ error }),
      )
      .finally(() => file.resume());
  });

  try {
    await pipeline(Stream.from(body), form);
  } catch (cause) {
    seen.file?.destroy(cause instanceof Error ? cause : new Error(String(cause)));
    // What happens to the file now follows from this, and is no news.
    await seen.kept;
    throw new Fault('invalid_request', { detail: 'The form is malformed or broke off.', cause });
  }
  const kept = await seen.kept;
  if (kept !== undefined && 'error' in kept) throw kept.error;
  if (seen.tooLong !== undefined) throw invalid(seen.tooLong, `is longer than ${limits.fieldSize} bytes`);
  return fields;
}

function formReader(contentType: string | undefined): BusboyInstance {
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType))
    throw new Fault('invalid_request', { detail: 'The body must be multipart/form-data.' });
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch (cause) {
    throw new Fault('invalid_request', { detail: 'The form has no boundary.', cause });
  }
}
