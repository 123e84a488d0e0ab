// A copy of the database as it was at one moment, made while it is written to.
//
// The connection that is copied from holds a read transaction from the first page to the last. Without it SQLite begins
// anew whenever another connection commits, which under load is always. The writer is not kept waiting; its log grows
// until the copy is done.

import { rm, stat } from 'node:fs/promises';
import { backup } from 'node:sqlite';
import type { Records, RecordsSettings } from '../../core/records.ts';
import { connectReader } from './connect.ts';
import { unpackFailure } from './failure.ts';
import { readerFile } from './open.ts';
import type { ReaderData } from './reader.ts';
import { startThread } from './thread.ts';

/** The copy as one file, and what can be asked of it. */
export type DatabaseCopy = {
  path: string;
  bytes: number;
  /** The objects that media refer to at that moment. */
  listBlobs: Records['listBlobs'];
  /** Removes it. */
  remove(): Promise<void>;
};

/** Pages between two looks at the signal. */
const stepPages = 2000;

/**
 * @param file the database, which this process or another may be writing to
 * @param onProgress hears how many bytes are copied, of how many
 * @throws when there is no room, or the signal is over; nothing is left then
 */
export async function copyDatabase(options: {
  file: string;
  to: string;
  settings: RecordsSettings;
  signal: AbortSignal;
  onProgress(copied: number, all: number): void;
}): Promise<DatabaseCopy> {
  const { file, to, settings, signal } = options;
  const remove = async () => {
    for (const end of ['', '-wal', '-shm', '-journal']) await rm(to + end, { force: true });
  };
  const source = connectReader(file);
  try {
    source.exec('BEGIN');
    // The transaction begins to read, and with it the moment, at its first query.
    source.prepare('SELECT count(*) FROM migrations').get();
    const pageBytes = Number(source.prepare('PRAGMA page_size').get()?.['page_size']);
    await backup(source, to, {
      rate: stepPages,
      progress({ totalPages, remainingPages }) {
        signal.throwIfAborted();
        options.onProgress((totalPages - remainingPages) * pageBytes, totalPages * pageBytes);
      },
    });
    signal.throwIfAborted();
  } catch (error) {
    await remove();
    throw error;
  } finally {
    source.close();
  }

  const data: ReaderData = { file: to, settings };
  const reader = await startThread(
    'reader of the copy',
    readerFile,
    data,
    () => {},
    () => {},
  );
  return {
    path: to,
    bytes: (await stat(to)).size,
    async listBlobs(request) {
      const [outcome] = await reader.send([{ name: 'listBlobs', request }]);
      if (outcome?.ok) return outcome.value as Awaited<ReturnType<Records['listBlobs']>>;
      throw outcome ? unpackFailure(outcome.failure) : new Error('the reader gave no outcome');
    },
    async remove() {
      await reader.close();
      await remove();
    },
  };
}
