import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RecordsSettings } from '../../src/core/records.ts';
import { openSqliteRecords } from '../../src/database/sqlite/open.ts';
import { type Opened, settings, start } from './records/rig.ts';
import { recordsContract } from './records.ts';

recordsContract('SQLite', async (given: RecordsSettings = settings): Promise<Opened> => {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-records-'));
  const openWith = (some: RecordsSettings) => openSqliteRecords({ folder, settings: some, now: () => start });
  let records = await openWith(given);
  onTestFinished(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  return {
    records,
    async reopen(some = given) {
      await records.close();
      records = await openWith(some);
      return records;
    },
  };
});
