// Migrations run before anything else uses the database, over a connection that goes to the server itself. Each is one
// commit under a lock that only migrations take, so that of several processes that start at once one migrates and the others
// find it done; the lock ends with the commit. A migration's own row in `migrations` is written first.

import { Client } from 'pg';
import type { Millis } from '../../core/ids.ts';
import type { Migration } from '../migrations/migration.ts';
import { connectionTo } from './connect.ts';

/** A number of our own; advisory locks are known by numbers alone. */
const lock = 7_260_351_084;
const longestMs = 15 * 60_000;

/** What a server must say of itself. */
type Server = { version: number; encoding: string; recovering: boolean; fsync: string; synchronous: string };

/**
 * Brings a database to the newest schema.
 * @param log hears a warning for each setting of the server under which a commit may be lost
 * @throws when the database is newer than this code, or the server cannot hold it
 */
export async function migrate(
  url: string,
  migrations: readonly Migration[],
  now: Millis,
  log: (line: object) => void,
): Promise<void> {
  // A migration may take long, so the limit of other statements is not its own.
  const client = new Client({ ...connectionTo(url), query_timeout: longestMs });
  // A lost connection also fails the query under way, which says so.
  client.on('error', () => {});
  await client.connect();
  try {
    await checkServer(client, log);
    const known = migrations.at(-1)?.number ?? 0;
    for (let newest = -1; newest < known; ) newest = await step(client, migrations, now);
  } finally {
    await client.end();
  }
}

/** Applies the next migration, if one is due. @returns the number up to which the database is migrated */
async function step(client: Client, migrations: readonly Migration[], now: Millis): Promise<number> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [lock]);
    await client.query(
      'CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, applied_at bigint NOT NULL)',
    );
    const { rows } = await client.query<{ newest: number }>(
      'SELECT coalesce(max(number), 0) AS newest FROM migrations',
    );
    const newest = rows[0]?.newest ?? 0;
    const known = migrations.at(-1)?.number ?? 0;
    if (newest > known) {
      throw new Error(
        `the database was migrated to step ${newest} by a newer mediadock; this one knows steps up to ${known}. Run the newer one, or restore a backup from before`,
      );
    }
    const due = migrations.find(({ number }) => number === newest + 1);
    if (due !== undefined) {
      await client.query('INSERT INTO migrations (number, name, applied_at) VALUES ($1, $2, $3)', [
        due.number,
        due.name,
        now,
      ]);
      await client.query(due.postgres);
    }
    await client.query('COMMIT');
    return due?.number ?? newest;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // The connection may be gone; the server rolls back then.
    throw error;
  }
}

async function checkServer(client: Client, log: (line: object) => void): Promise<void> {
  const { rows } = await client.query<Server>(
    `SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS recovering, current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous`,
  );
  const [server] = rows;
  if (server === undefined) throw new Error('the database server says nothing of itself');
  if (server.version < 140_000)
    throw new Error(`PostgreSQL 14 or later is needed; this server is ${Math.floor(server.version / 10_000)}`);
  if (server.encoding !== 'UTF8')
    throw new Error(`the database must have the encoding UTF8; this one has ${server.encoding}`);
  if (server.recovering) throw new Error('this database server only reads (it is a standby); name the primary');
  if (server.fsync !== 'on')
    log({ warning: 'the database server runs with fsync off: after a crash the whole database may be lost' });
  if (server.synchronous === 'off')
    log({ warning: 'the database commits with synchronous_commit off: what was acknowledged may be lost in a crash' });
}

/** The schema as text, as the migrations made it; the ranges of cut tables are left out. */
export async function dumpSchema(client: Client): Promise<string> {
  const { rows } = await client.query<{ definition: string }>(`
    WITH tables AS (
      SELECT oid, relname, relkind, reloptions FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition)
    SELECT relname AS place, 1 AS part, relname AS name, 'CREATE TABLE ' || relname || E' (\\n' || (
        SELECT string_agg('  ' || line, E',\\n' ORDER BY part, place) FROM (
          SELECT 1 AS part, attnum::text::name AS place, attname || ' ' || format_type(atttypid, atttypmod)
            || CASE WHEN attcollation = '"C"'::regcollation THEN ' COLLATE "C"' ELSE '' END
            || CASE WHEN attidentity <> '' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END
            || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '') AS line
          FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
          WHERE attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
          UNION ALL
          SELECT 2, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = tables.oid AND contype <> 'n') AS lines)
      || E'\\n)' || CASE relkind WHEN 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(oid) ELSE '' END
      || coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '') AS definition
    FROM tables
    UNION ALL
    SELECT tables.relname, 2, indexes.relname, replace(pg_get_indexdef(indexes.oid), ' public.', ' ')
    FROM tables JOIN pg_index ON indrelid = tables.oid JOIN pg_class AS indexes ON indexes.oid = indexrelid
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexes.oid)
    UNION ALL
    SELECT tables.relname, 3, tgname, rtrim(replace(pg_get_functiondef(tgfoid), ' public.', ' ')) || E';\\n\\n'
      || replace(pg_get_triggerdef(pg_trigger.oid), ' public.', ' ')
    FROM tables JOIN pg_trigger ON tgrelid = tables.oid WHERE NOT tgisinternal
    ORDER BY place, part, name`);
  return `${rows.map((row) => `${row.definition};`).join('\n\n')}\n`;
}
