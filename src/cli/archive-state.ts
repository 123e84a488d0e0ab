// What an archive remembers: which media has which name, and where in the events to go on. A small database in the archive
// itself, synced at each change. A media is given its name first, its file follows, and then it counts as saved; so
// whatever stops the program in between, it goes on with the same names and saves nothing twice.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UsageError } from './failures.ts';

export type Claim = { path: string; saved: boolean };

export type ArchiveState = {
  /** The cursor of the events up to which everything is saved. */
  cursor(): string | undefined;
  moveTo(cursor: string): void;
  find(media: string): Claim | undefined;
  /** Media that have a name and no file, at most 1000. */
  unsaved(): string[];
  /** Gives a media its name: the first that is free. @param name by its number, from 1; 0 for what numbers count within */
  claim(media: string, name: (seq: number) => string, isFree: (path: string) => boolean): string;
  save(media: string): void;
  /** There is nothing to save. */
  forget(media: string): void;
  close(): void;
};

export const stateName = '.mediadock-archive.db';

const schema = `
  CREATE TABLE IF NOT EXISTS place (cursor TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS files (
    media TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    stem TEXT NOT NULL,
    seq INTEGER NOT NULL,
    saved INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS files_by_stem ON files (stem, seq);
  CREATE INDEX IF NOT EXISTS files_unsaved ON files (media) WHERE saved = 0;
`;

/** @throws UsageError when another archive is running on the folder */
export function openArchiveState(folder: string): ArchiveState {
  const sqlite = new DatabaseSync(join(folder, stateName));
  try {
    sqlite.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE');
    sqlite.exec(schema);
    sqlite.exec('COMMIT');
  } catch (cause) {
    sqlite.close();
    throw new UsageError(
      `${join(folder, stateName)} cannot be used: is another archive running? (${(cause as Error).message})`,
      { cause },
    );
  }
  const readCursor = sqlite.prepare('SELECT cursor FROM place');
  const dropCursor = sqlite.prepare('DELETE FROM place');
  const setCursor = sqlite.prepare('INSERT INTO place VALUES (?)');
  const find = sqlite.prepare('SELECT path, saved FROM files WHERE media = ?');
  const unsaved = sqlite.prepare('SELECT media FROM files WHERE saved = 0 LIMIT 1000');
  const last = sqlite.prepare('SELECT max(seq) AS seq FROM files WHERE stem = ?');
  const taken = sqlite.prepare('SELECT 1 FROM files WHERE folded = ?');
  const insert = sqlite.prepare('INSERT INTO files VALUES (?, ?, ?, ?, ?, 0)');
  const save = sqlite.prepare('UPDATE files SET saved = 1 WHERE media = ?');
  const forget = sqlite.prepare('DELETE FROM files WHERE media = ?');

  return {
    cursor: () => readCursor.get()?.['cursor'] as string | undefined,
    moveTo(cursor) {
      sqlite.exec('BEGIN');
      dropCursor.run();
      setCursor.run(cursor);
      sqlite.exec('COMMIT');
    },
    find(media) {
      const row = find.get(media);
      return row === undefined ? undefined : { path: String(row['path']), saved: row['saved'] === 1 };
    },
    unsaved: () => unsaved.all().map(({ media }) => String(media)),
    claim(media, name, isFree) {
      // What differs only in its number counts together, so that each number is tried once and not from 1 each time.
      const stem = name(0);
      for (let seq = Number(last.get(stem)?.['seq'] ?? 0) + 1; ; seq++) {
        const path = name(seq);
        if (taken.get(folded(path)) !== undefined || !isFree(path)) continue;
        insert.run(media, path, folded(path), stem, seq);
        return path;
      }
    },
    save: (media) => void save.run(media),
    forget: (media) => void forget.run(media),
    close: () => sqlite.close(),
  };
}

/** Names that some systems take for the same. */
const folded = (path: string): string => path.normalize('NFKC').toLowerCase();
