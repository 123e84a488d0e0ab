// Migrations run before anything else uses the database. Each is one commit that begins with its own row in
// `migrations`: should two processes ever race, they collide on that row and one of them changes nothing.

import { renameSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Millis } from '../../core/ids.ts';
import type { Migration } from '../migrations/migration.ts';

/**
 * Brings a database to the newest schema. One that already holds data is first copied to `{file}.before-{number}`.
 * @throws when the database is newer than this code
 */
export function migrate(sqlite: DatabaseSync, file: string, migrations: readonly Migration[], now: Millis): void {
  sqlite.exec(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  );
  const row = sqlite.prepare('SELECT coalesce(max(number), 0) AS newest FROM migrations').get() as { newest: number };
  const known = migrations.at(-1)?.number ?? 0;
  if (row.newest > known) {
    throw new Error(
      `the database ${file} was migrated to step ${row.newest} by a newer mediadock; this one knows steps up to ${known}. Run the newer one, or restore ${file}.before-${known + 1}`,
    );
  }
  const due = migrations.filter(({ number }) => number > row.newest);
  const next = due[0];
  if (row.newest > 0 && next !== undefined) backUp(sqlite, `${file}.before-${next.number}`);
  for (const migration of due) apply(sqlite, migration, now);
}

function backUp(sqlite: DatabaseSync, copy: string): void {
  const partial = `${copy}.partial`;
  rmSync(partial, { force: true });
  sqlite.prepare('VACUUM INTO ?').run(partial);
  renameSync(partial, copy);
}

function apply(sqlite: DatabaseSync, { number, name, sqlite: text }: Migration, now: Millis): void {
  sqlite.exec('BEGIN IMMEDIATE');
  try {
    sqlite.prepare('INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)').run(number, name, now);
    sqlite.exec(text);
    sqlite.exec('COMMIT');
  } catch (error) {
    if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
    throw error;
  }
}

/** The schema as text, as the migrations made it. */
export function dumpSchema(sqlite: DatabaseSync): string {
  const rows = sqlite
    .prepare(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY tbl_name, type DESC, name",
    )
    .all() as { sql: string }[];
  return `${rows.map((row) => `${row.sql};`).join('\n\n')}\n`;
}
