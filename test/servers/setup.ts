// Starts the servers that a run of the tests shares, once, and stops them after the last test.

import type { TestProject } from 'vitest/node';
import { openPostgresRecords } from '../../src/database/postgres/open.ts';
import { settings, start } from '../contracts/records/rig.ts';
import { createDatabase, query, startPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `server`: URL of a PostgreSQL; `template`: a database on it that holds the schema and nothing else. */
    postgres: { server: string; template: string };
  }
}

/** A server that is there already, or one of our own. */
async function server(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = process.env['MEDIADOCK_TEST_POSTGRES_URL'];
  if (url !== undefined) return { url, stop: () => Promise.resolve() };
  // Nothing of these databases is to survive a loss of power, and there are many of them.
  return startPostgres(['-c', 'fsync=off', '-c', 'full_page_writes=off']);
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await server();
  const template = 'with_schema';
  await query(postgres.url, `DROP DATABASE IF EXISTS ${template}`);
  const { url } = await createDatabase(postgres.url, template);
  await (await openPostgresRecords({ url, settings, now: () => start })).close();
  project.provide('postgres', { server: postgres.url, template });
  return () => postgres.stop();
}
