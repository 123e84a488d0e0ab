import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { RecordsSettings } from '../../src/core/records.ts';
import { openSqliteRecords } from '../../src/database/sqlite/open.ts';
import { home, type Opened, settings, start } from './records/rig.ts';
import { recordsContract } from './records.ts';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-records-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const openIn = (folder: string, given: RecordsSettings = settings) =>
  openSqliteRecords({ folder, settings: given, now: () => start });

recordsContract('SQLite', async (given: RecordsSettings = settings): Promise<Opened> => {
  const folder = await newFolder();
  let records = await openIn(folder, given);
  // The last registered runs first: the folder is removed after the records are closed.
  onTestFinished(() => records.close());
  return {
    records,
    freed: 'at once',
    async reopen(some = given) {
      await records.close();
      records = await openIn(folder, some);
      return records;
    },
  };
});

test('SQLite: a second server on the same folder is refused, and leaves the first alone', async () => {
  const folder = await newFolder();
  const records = await openIn(folder);
  await expect(openIn(folder)).rejects.toThrow(`another mediadock server is running on the data folder ${folder}`);
  await records.ping();
  await records.close();
  await (await openIn(folder)).close();
});

test('SQLite: a database of a newer program is refused, and the folder is free again', async () => {
  const folder = await newFolder();
  await (await openIn(folder)).close();
  const file = join(folder, 'mediadock.db');
  const sqlite = new DatabaseSync(file);
  sqlite.exec("INSERT INTO migrations VALUES (999, 'from the future', 1)");
  await expect(openIn(folder)).rejects.toThrow('by a newer mediadock');
  sqlite.exec('DELETE FROM migrations WHERE number = 999');
  sqlite.close();
  await (await openIn(folder)).close();
});

test('SQLite: the file is whole after use, and can shrink', async () => {
  const folder = await newFolder();
  const records = await openIn(folder);
  await (await home(records)).receive();
  await records.close();
  const sqlite = new DatabaseSync(join(folder, 'mediadock.db'), { readOnly: true });
  const pragma = (name: string) => Object.values(sqlite.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  expect([pragma('journal_mode'), pragma('auto_vacuum'), pragma('integrity_check')]).toEqual(['wal', 2, 'ok']);
  expect(sqlite.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
  sqlite.close();
});
