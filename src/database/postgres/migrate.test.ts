import { Client } from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createDatabase } from '../../../test/servers/postgres.ts';
import type { Migration } from '../migrations/migration.ts';
import { migrations } from '../migrations/migrations.ts';
import { connectionTo } from './connect.ts';
import { dumpSchema, migrate } from './migrate.ts';

const { server } = inject('postgres');
const now = 1_700_000_000_000;
const quiet = () => {};
const one: Migration = { number: 1, name: 'one', sqlite: '', postgres: 'CREATE TABLE a (x integer)' };
const two: Migration = { number: 2, name: 'two', sqlite: '', postgres: 'ALTER TABLE a ADD COLUMN y integer' };
const broken: Migration = { ...two, name: 'broken', postgres: `${two.postgres}; SELECT no_such_column FROM a` };

async function database(): Promise<{ url: string; client: Client }> {
  const { url, drop } = await createDatabase(server);
  const client = new Client(connectionTo(url));
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await drop();
  });
  return { url, client };
}

const applied = async (client: Client) =>
  (await client.query('SELECT number, name, applied_at FROM migrations ORDER BY number')).rows;

test('schema-postgres.sql is what the migrations make', async () => {
  const { url, client } = await database();
  await migrate(url, migrations, now, quiet);
  await expect(await dumpSchema(client)).toMatchFileSnapshot('../schema-postgres.sql');
});

test('both engines have the same tables and columns', async () => {
  const { url, client } = await database();
  await migrate(url, migrations, now, quiet);
  const { rows } = await client.query<{ place: string }>(
    "SELECT table_name || '.' || column_name AS place FROM information_schema.columns WHERE table_schema = 'public'",
  );
  const { DatabaseSync } = await import('node:sqlite');
  const sqlite = new DatabaseSync(':memory:');
  for (const { sqlite: text } of migrations) sqlite.exec(text);
  const columns = sqlite
    .prepare(
      "SELECT m.name || '.' || c.name AS place FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
    )
    .all()
    .map(({ place }) => String(place));
  sqlite.close();
  const only = ['migrations.applied_at', 'migrations.name', 'migrations.number', 'turnstiles.name'];
  expect(rows.map(({ place }) => place).sort()).toEqual([...columns, ...only].sort());
});

test('of several processes that start at once, one migrates and the others find it done', async () => {
  const { url, client } = await database();
  await Promise.all(Array.from({ length: 5 }, () => migrate(url, [one, two], now, quiet)));
  expect(await applied(client)).toEqual([
    { number: 1, name: 'one', applied_at: now },
    { number: 2, name: 'two', applied_at: now },
  ]);
});

test('a migration that fails leaves the database as it was, and may be tried again', async () => {
  const { url, client } = await database();
  await expect(migrate(url, [one, broken], now, quiet)).rejects.toThrow('no_such_column');
  expect(await applied(client)).toHaveLength(1);
  await client.query('INSERT INTO a VALUES (7)');
  await migrate(url, [one, two], now, quiet);
  expect((await client.query('SELECT * FROM a')).rows).toEqual([{ x: 7, y: null }]);
});

test('a database that a newer program migrated is refused', async () => {
  const { url } = await database();
  await migrate(url, [one, two], now, quiet);
  await expect(migrate(url, [one], now, quiet)).rejects.toThrow(
    /migrated to step 2 by a newer mediadock; this one knows steps up to 1/,
  );
});

test('a server that may lose what it acknowledged is warned of', async () => {
  const { url, client } = await database();
  const name = new URL(url).pathname.slice(1);
  await client.query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
  const lines: object[] = [];
  await migrate(url, [], now, (line) => lines.push(line));
  // The shared server of the tests runs with fsync off, because nothing on it is to last.
  expect(lines).toMatchObject([
    { warning: expect.stringContaining('fsync off') },
    { warning: expect.stringContaining('synchronous_commit off') },
  ]);
});

test('a database that cannot hold every character is refused', async () => {
  const { url, drop } = await createDatabase(server, 'latin', "template0 ENCODING 'LATIN1' LOCALE 'C'");
  onTestFinished(drop);
  await expect(migrate(url, [one], now, quiet)).rejects.toThrow('must have the encoding UTF8; this one has LATIN1');
});
