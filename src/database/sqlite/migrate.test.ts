import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { Migration } from '../migrations/migration.ts';
import { migrations } from '../migrations/migrations.ts';
import { dumpSchema, migrate } from './migrate.ts';

const now = 1_700_000_000_000;
const one: Migration = { number: 1, name: 'one', sqlite: 'CREATE TABLE a (x INTEGER) STRICT', postgres: '' };
const two: Migration = { number: 2, name: 'two', sqlite: 'ALTER TABLE a ADD COLUMN y INTEGER', postgres: '' };
const broken: Migration = {
  number: 2,
  name: 'broken',
  sqlite: 'ALTER TABLE a ADD COLUMN y INTEGER; SELECT no_such_column FROM a',
  postgres: '',
};

async function database(): Promise<{ sqlite: DatabaseSync; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-migrate-'));
  const file = join(folder, 'mediadock.db');
  const sqlite = new DatabaseSync(file);
  onTestFinished(async () => {
    sqlite.close();
    await rm(folder, { recursive: true });
  });
  return { sqlite, file };
}

const rowsOf = (file: string): unknown[] => {
  const copy = new DatabaseSync(file, { readOnly: true });
  try {
    return copy
      .prepare('SELECT * FROM a')
      .all()
      .map((row) => ({ ...row }));
  } finally {
    copy.close();
  }
};

test('schema.sql is what the migrations make', async () => {
  const { sqlite, file } = await database();
  migrate(sqlite, file, migrations, now);
  await expect(dumpSchema(sqlite)).toMatchFileSnapshot('../schema.sql');
});

test('migrations are numbered from one without gaps', () => {
  expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, at) => at + 1));
});

test('a migration runs once, and a second start does no harm', async () => {
  const { sqlite, file } = await database();
  migrate(sqlite, file, [one], now);
  sqlite.exec('INSERT INTO a VALUES (1)');
  migrate(sqlite, file, [one], now + 1);
  expect(
    sqlite
      .prepare('SELECT number, name, applied_at FROM migrations')
      .all()
      .map((row) => ({ ...row })),
  ).toEqual([{ number: 1, name: 'one', applied_at: now }]);
  expect(existsSync(`${file}.before-1`)).toBe(false);
});

test('a database with data is copied before it is migrated', async () => {
  const { sqlite, file } = await database();
  migrate(sqlite, file, [one], now);
  sqlite.exec('INSERT INTO a VALUES (7)');
  migrate(sqlite, file, [one, two], now);
  expect(rowsOf(`${file}.before-2`)).toEqual([{ x: 7 }]);
  expect(rowsOf(file)).toEqual([{ x: 7, y: null }]);
});

test('a migration that fails leaves the database as it was, and may be tried again', async () => {
  const { sqlite, file } = await database();
  migrate(sqlite, file, [one], now);
  sqlite.exec('INSERT INTO a VALUES (7)');
  expect(() => migrate(sqlite, file, [one, broken], now)).toThrow('no_such_column');
  expect(rowsOf(file)).toEqual([{ x: 7 }]);
  migrate(sqlite, file, [one, two], now);
  expect(rowsOf(file)).toEqual([{ x: 7, y: null }]);
});

test('a database that a newer program migrated is refused', async () => {
  const { sqlite, file } = await database();
  migrate(sqlite, file, [one, two], now);
  expect(() => migrate(sqlite, file, [one], now)).toThrow(
    /migrated to step 2 by a newer mediadock; this one knows steps up to 1/,
  );
});
