import type { Config } from './config.ts';
import type { Dialects } from './core/dialect.ts';
import type { Clock } from './core/ids.ts';
import type { Records } from './core/records.ts';
import type { OnCommit } from './database/group.ts';
import type { Logger } from './log.ts';
import { recordsSettings } from './records-settings.ts';

/**
 * Opens the records where the settings say: in a PostgreSQL database, else in the data folder. Only the engine that is
 * chosen is loaded.
 * @throws Error when the folder is in use, the server does not answer, or the database is newer than the code
 */
export async function openRecords(
  config: Config,
  folder: string,
  parts: { dialects: Dialects; clock: Clock; log: Logger; onCommit?: OnCommit },
): Promise<Records> {
  const { dialects, clock, log, onCommit } = parts;
  const { databaseUrl: url, databaseDirectUrl: directUrl, failpoints } = config;
  const shared = {
    settings: recordsSettings(config, dialects),
    now: () => clock.now(),
    log: (line: object) => log['warning' in line ? 'warn' : 'info'](line, 'database'),
    failpoints,
    onCommit,
  };
  if (url === undefined) return (await import('./database/sqlite/open.ts')).openSqliteRecords({ folder, ...shared });
  return (await import('./database/postgres/open.ts')).openPostgresRecords({ url, directUrl, ...shared });
}
