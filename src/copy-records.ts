import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config.ts';
import type { Dialects } from './core/dialect.ts';
import type { CopyRecords } from './flows/backup.ts';
import { recordsSettings } from './records-settings.ts';

/**
 * How the records are copied for a backup: SQLite's file into a folder of its own in the data folder, which is emptied here,
 * in case that a former process died at it. PostgreSQL has a tool of its own.
 */
export async function recordsCopier(config: Config, dialects: Dialects, folder: string): Promise<CopyRecords> {
  if (config.databaseUrl !== undefined) return undefined;
  const place = join(folder, 'backup');
  await rm(place, { recursive: true, force: true });
  return async ({ signal, onProgress }) => {
    const { copyDatabase } = await import('./database/sqlite/copy.ts');
    await mkdir(place, { recursive: true, mode: 0o700 });
    const file = join(folder, 'mediadock.db');
    const settings = recordsSettings(config, dialects);
    const copy = await copyDatabase({ file, to: join(place, 'mediadock.db'), settings, signal, onProgress });
    return {
      bytes: copy.bytes,
      read: (reading) => createReadStream(copy.path, { signal: reading, highWaterMark: 1024 * 1024 }),
      listBlobs: copy.listBlobs,
      remove: copy.remove,
    };
  };
}
