import { DatabaseSync } from 'node:sqlite';
import type { Durability } from '../../core/records.ts';

/** The one connection that writes. */
export function connectWriter(file: string): DatabaseSync {
  const sqlite = new DatabaseSync(file);
  // First of all, because it cannot change once the file has a page; WAL writes one.
  sqlite.exec('PRAGMA auto_vacuum = INCREMENTAL');
  sqlite.exec('PRAGMA journal_mode = WAL');
  // In WAL mode only FULL syncs at each commit: what was acknowledged survives a loss of power.
  sqlite.exec('PRAGMA synchronous = FULL');
  // A checkpoint stalls the commit that causes it, so it comes at 16 MiB of log, not at 4.
  sqlite.exec('PRAGMA wal_autocheckpoint = 4096');
  sqlite.exec('PRAGMA cache_size = -32768');
  tune(sqlite);
  return sqlite;
}

const syncLevels = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];

/** What `connectWriter` asked for, as SQLite says that it is. https://sqlite.org/pragma.html#pragma_synchronous */
export function durabilityOf(sqlite: DatabaseSync): Durability {
  const one = (query: string): string => String(Object.values(sqlite.prepare(query).get() ?? {})[0]);
  const mode = one('PRAGMA journal_mode');
  const level = Number(one('PRAGMA synchronous'));
  return {
    engine: 'SQLite',
    version: one('SELECT sqlite_version()'),
    settings: [
      { name: 'journal_mode', value: mode, safe: mode === 'wal' },
      { name: 'synchronous', value: syncLevels[level] ?? String(level), safe: level >= 2 },
    ],
  };
}

/** A connection that only reads; it sees every commit that ended before its query began. */
export function connectReader(file: string): DatabaseSync {
  const sqlite = new DatabaseSync(file, { readOnly: true });
  tune(sqlite);
  return sqlite;
}

function tune(sqlite: DatabaseSync): void {
  sqlite.exec('PRAGMA foreign_keys = ON');
  sqlite.exec('PRAGMA busy_timeout = 5000');
  sqlite.exec('PRAGMA temp_store = MEMORY');
  sqlite.exec('PRAGMA mmap_size = 268435456');
}
