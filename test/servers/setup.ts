// Starts the servers that a run of the tests shares, once, and stops them after the last test.

import type { TestProject } from 'vitest/node';
import { openPostgresRecords } from '../../src/database/postgres/open.ts';
import { settings, start } from '../contracts/records/rig.ts';
import { createDatabase, startPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `server`: URL of a PostgreSQL; `template`: a database on it that holds the schema and nothing else. */
    postgres: { server: string; template: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Nothing of these databases is to survive a loss of power, and there are many of them.
  const postgres = await startPostgres(['-c', 'fsync=off', '-c', 'full_page_writes=off']);
  const template = 'with_schema';
  const { url } = await createDatabase(postgres.url, template);
  await (await openPostgresRecords({ url, settings, now: () => start })).close();
  project.provide('postgres', { server: postgres.url, template });
  return () => postgres.stop();
}
