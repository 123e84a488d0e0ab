// The records on PostgreSQL 14 and later: a pool of connections, each command one transaction or less.

import { type ArmedFailpoint, passing } from '../../core/failpoints.ts';
import type { Millis } from '../../core/ids.ts';
import type { Records, RecordsSettings } from '../../core/records.ts';
import type { CommandName } from '../commands.ts';
import type { OnCommit } from '../group.ts';
import { migrations } from '../migrations/migrations.ts';
import { commandsOn } from './commands.ts';
import { openPool } from './connect.ts';
import { keepPlans } from './kept-plans.ts';
import { migrate } from './migrate.ts';
import { makeRanges } from './partitions.ts';

export type PostgresOptions = {
  /** `postgres://…`; a pooler in transaction mode may stand there. */
  url: string;
  /** The server itself, for migrations; default: `url`. */
  directUrl?: string | undefined;
  settings: RecordsSettings;
  /** Dates the migrations; commands bring their own time. */
  now(): Millis;
  /** Hears what callers do not; a line with `warning` is for a person. */
  log?: (line: object) => void;
  /** Most connections of this node. */
  poolSize?: number;
  failpoints?: readonly ArmedFailpoint[];
  /** Keys in a range of the tables that are cut into ranges. */
  rangeKeys?: number;
  onCommit?: OnCommit | undefined;
};

/**
 * Opens the records in a database, migrated to the newest schema. Leases of other processes stand: they may be at work, and
 * what a dead one held lapses within the length of a lease.
 * @throws when the server cannot be reached, is older than PostgreSQL 14, or holds the schema of a newer program
 */
export async function openPostgresRecords(options: PostgresOptions): Promise<Records> {
  const { url, directUrl = url, settings, now, log = () => {}, poolSize = 10, rangeKeys, failpoints = [] } = options;
  const { onCommit } = options;
  await migrate(directUrl, migrations, now(), log);
  const pool = openPool(url, poolSize, (error) => log({ notice: 'an idle connection was lost', error: error.message }));
  // Where the server itself is named apart, a pooler stands between.
  if (directUrl === url)
    keepPlans(pool, ({ message }) =>
      log({ notice: 'statements are not kept prepared: a pooler stands between', error: message }),
    );
  try {
    await makeRanges(pool, rangeKeys);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const pass = passing(failpoints, () => process.kill(process.pid, 'SIGKILL'));
  const commands = commandsOn(pool, { settings, log, pass, rangeKeys, onCommit });

  const running = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;
  async function call<Value>(command: () => Promise<Value>): Promise<Value> {
    if (closed !== undefined) throw new Error('the database is closed');
    const result = command();
    running.add(result);
    try {
      return await result;
    } finally {
      running.delete(result);
    }
  }
  async function close(): Promise<void> {
    await Promise.allSettled(running);
    await pool.end();
  }

  return {
    ...(Object.fromEntries(
      Object.entries(commands).map(([name, command]) => [
        name,
        (request: unknown) => call(() => (command as (given: unknown) => Promise<unknown>)(request)),
      ]),
      // Each has the type of what it wraps.
    ) as unknown as Pick<Records, CommandName>),
    ping: () => call(async () => void (await pool.query('SELECT 1'))),
    close() {
      closed ??= close();
      return closed;
    },
  };
}
