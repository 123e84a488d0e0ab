// What is given by name: files, and values that should not stand in the history of a shell: @file reads one from a file,
// - from standard input.

import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { UsageError } from './failures.ts';
import type { World } from './world.ts';

const mostBytes = 64 * 1024;

/**
 * The value behind what was typed, without the line end that editors leave.
 * @throws UsageError when it cannot be read, is longer than 64 KiB, or stdin is asked for twice
 */
export function valueReader(stdin: World['stdin']): (typed: string, flag: string) => Promise<string> {
  let drained = false;
  return async (typed, flag) => {
    if (typed !== '-' && !typed.startsWith('@')) return typed;
    if (typed === '-' && drained)
      throw new UsageError(`${flag}: standard input was read already; use @file for one of them`);
    drained ||= typed === '-';
    const text = typed === '-' ? await textOf(stdin, flag) : await fileText(typed.slice(1), flag);
    return text.replace(/\r?\n$/, '');
  };
}

async function fileText(path: string, flag: string): Promise<string> {
  const file = await open(path).catch((error: Error) => {
    throw new UsageError(`${flag}: ${error.message}`, { cause: error });
  });
  // The stream closes the file.
  return await textOf(file.createReadStream(), flag);
}

async function textOf(source: AsyncIterable<Uint8Array | string>, flag: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > mostBytes) throw new UsageError(`${flag}: more than 64 KiB is no secret`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export type GivenFile = { path: string; name: string; size: number };

/** @throws UsageError for what is no readable file, before anything is sent */
export async function fileOf(path: string): Promise<GivenFile> {
  const found = await stat(path).catch((error: Error) => {
    throw new UsageError(error.message, { cause: error });
  });
  if (!found.isFile()) throw new UsageError(`${path} is not a file`);
  return { path, name: basename(path), size: found.size };
}
