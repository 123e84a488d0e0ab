// A file of the server becomes a file of this machine: whole and checked, or not at all. It is written beside its target
// under another name, synced, and gets its name last; whatever stops that takes the draft with it.

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, lstat, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UsageError } from './failures.ts';
import type { World } from './world.ts';

/** What the server says of the bytes; null where it does not know. */
export type Expected = { size: number | null; sha256: string | null };

export type Download = {
  body: AsyncIterable<Uint8Array>;
  expected: Expected;
  onBytes(count: number): void;
  signal: AbortSignal;
};

/** The bytes are not those that were promised. */
export class WrongBytes extends Error {
  override readonly name = 'WrongBytes';
}

/** Where a download goes: into the folder that was named, or to the name that was. */
export async function targetOf(given: string | undefined, name: string): Promise<string> {
  if (given === undefined) return name;
  const isFolder = await stat(given).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? join(given, name) : given;
}

/** @throws UsageError when a file is in the way and may not be replaced */
export async function mayWrite(target: string, force: boolean): Promise<void> {
  if (!force && (await exists(target))) throw inTheWay(target);
}

/**
 * @param draftFolder where it is written until it is whole; on the same volume as the target
 * @throws WrongBytes; UsageError when a file is in the way
 */
export async function saveTo(
  target: string,
  force: boolean,
  download: Download,
  draftFolder = dirname(target),
): Promise<void> {
  const draft = join(draftFolder, `.${basename(target).slice(0, 40)}.${randomUUID()}.part`);
  try {
    const file = createWriteStream(draft, { flags: 'wx', flush: true });
    await pipeline(checked(download), file, { signal: download.signal });
    download.signal.throwIfAborted();
    if (force) await rename(draft, target);
    else await nameOnce(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
}

/** The same check for bytes that go straight to standard output: what is wrong is known only at their end. */
export const writeTo = (stdout: World['stdout'], download: Download): Promise<void> =>
  pipeline(checked(download), stdout, { signal: download.signal, end: false });

async function* checked({ body, expected, onBytes }: Download): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    hash.update(chunk);
    onBytes(chunk.length);
    yield chunk;
  }
  if (expected.size !== null && size !== expected.size) {
    throw new WrongBytes(`the download has ${size} bytes instead of ${expected.size}`);
  }
  const sha256 = hash.digest('hex');
  if (expected.sha256 !== null && sha256 !== expected.sha256) {
    throw new WrongBytes(`the download has the sha256 ${sha256} instead of ${expected.sha256}`);
  }
}

/** Unlike a rename, a link fails when the name is taken meanwhile. Not every file system has links. */
async function nameOnce(draft: string, target: string): Promise<void> {
  try {
    await link(draft, target);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw inTheWay(target);
    if (!/^(EPERM|ENOSYS|ENOTSUP|EOPNOTSUPP|EMLINK)$/.test(code)) throw error;
    await mayWrite(target, false);
    await rename(draft, target);
  }
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );

const inTheWay = (target: string): UsageError =>
  new UsageError(`${target} exists already: name another with -o, or replace it with --force`);

/** The SHA-256 of a file, in hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest('hex');
}
