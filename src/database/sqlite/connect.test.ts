import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectReader, connectWriter, durabilityOf } from './connect.ts';

test('the writer syncs every commit, and the reader cannot write but sees each commit at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-connect-'));
  const writer = connectWriter(join(folder, 'a.db'));
  writer.exec('CREATE TABLE t (x INTEGER) STRICT');
  const reader = connectReader(join(folder, 'a.db'));
  onTestFinished(async () => {
    reader.close();
    writer.close();
    await rm(folder, { recursive: true });
  });
  expect(writer.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
  expect(writer.prepare('PRAGMA foreign_keys').get()).toEqual({ foreign_keys: 1 });
  const count = reader.prepare('SELECT count(*) AS rows FROM t');
  expect(count.get()).toEqual({ rows: 0 });
  writer.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (1)');
  expect(count.get()).toEqual({ rows: 0 });
  writer.exec('COMMIT');
  expect(count.get()).toEqual({ rows: 1 });
  expect(() => reader.exec('DELETE FROM t')).toThrow(/readonly/);
});

test('a setting under which a commit may be lost is told as unsafe', () => {
  const sqlite = connectWriter(':memory:');
  sqlite.exec('PRAGMA synchronous = NORMAL');
  expect(durabilityOf(sqlite)).toMatchObject({
    engine: 'SQLite',
    settings: [
      { name: 'journal_mode', value: 'memory', safe: false },
      { name: 'synchronous', value: 'NORMAL', safe: false },
    ],
  });
  sqlite.close();
});
