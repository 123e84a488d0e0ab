// A backup becomes a data folder. Everything is checked while it is copied, and the records get their name last, so a
// folder that was restored halfway is one without records; it is taken away again where that is possible.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { diskStore } from './blobs/disk.ts';
import { keyName, type Manifest, objectsFolder, objectsIn } from './cli/backup-form.ts';
import { UsageError } from './cli/failures.ts';
import { syncFolder } from './cli/folders.ts';
import { lockFolder } from './database/sqlite/lock.ts';

export type RestoreOptions = {
  manifest: Manifest;
  from: string;
  /** A data folder that is empty or not there yet. */
  to: string;
  signal: AbortSignal;
  onBytes(count: number): void;
};

/** @throws UsageError when it cannot begin; Error when the backup is not whole */
export async function restore({ manifest, from, to, signal, onBytes }: RestoreOptions): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  if ((await readdir(to)).length > 0)
    throw new UsageError(`${to} is not empty: a backup is restored into a new folder only`);
  const lock = lockFolder(to);
  try {
    await fill(manifest, from, to, signal, onBytes);
  } catch (error) {
    for (const name of await readdir(to)) {
      if (name !== 'mediadock.lock') await rm(join(to, name), { recursive: true, force: true });
    }
    throw error;
  } finally {
    lock.release();
  }
}

async function fill(
  { records, objects, secret_key: key, engine }: Manifest,
  from: string,
  to: string,
  signal: AbortSignal,
  onBytes: RestoreOptions['onBytes'],
): Promise<void> {
  const list = join(from, objects.list);
  await drain(checked(list, objects.sha256, signal, () => {}));
  const store = await diskStore(join(to, 'blobs'));
  let files = 0;
  for await (const { object, sha256 } of objectsIn(list)) {
    await store.write(object, checked(join(from, objectsFolder, object), sha256, signal, onBytes), signal);
    files++;
  }
  if (files !== objects.files) throw new Error(`${list} names ${files} files instead of ${objects.files}`);
  if (key.inside) await copy(join(from, keyName), join(to, keyName), undefined, signal, () => {});
  if (engine === 'postgres') return await drain(checked(join(from, records.file), records.sha256, signal, onBytes));
  const draft = join(to, 'mediadock.db.part');
  await copy(join(from, records.file), draft, records.sha256, signal, onBytes);
  lookInto(draft);
  await rename(draft, join(to, 'mediadock.db'));
  await syncFolder(to);
}

async function copy(
  from: string,
  to: string,
  sha256: string | undefined,
  signal: AbortSignal,
  onBytes: RestoreOptions['onBytes'],
): Promise<void> {
  const file = await open(to, 'wx', 0o600);
  await pipeline(checked(from, sha256, signal, onBytes), file.createWriteStream({ flush: true }), { signal });
}

/** The bytes of a file. @throws Error at their end, when they are not those that the backup had */
async function* checked(
  path: string,
  sha256: string | undefined,
  signal: AbortSignal,
  onBytes: RestoreOptions['onBytes'],
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onBytes(chunk.length);
    yield chunk;
  }
  if (sha256 !== undefined && hash.digest('hex') !== sha256)
    throw new Error(`the backup is damaged: ${path} holds other bytes than it did`);
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}

/** SQLite's own look at the file, which leaves nothing beside it. */
function lookInto(file: string): void {
  const sqlite = new DatabaseSync(new URL(`${pathToFileURL(file)}?immutable=1`), { readOnly: true });
  try {
    const row = sqlite.prepare('PRAGMA quick_check(1)').get();
    if (row?.['quick_check'] !== 'ok')
      throw new Error(`the records of the backup are damaged: ${row?.['quick_check']}`);
  } finally {
    sqlite.close();
  }
}
