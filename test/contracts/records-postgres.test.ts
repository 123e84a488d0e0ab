import { inject, onTestFinished } from 'vitest';
import type { RecordsSettings } from '../../src/core/records.ts';
import { openPostgresRecords } from '../../src/database/postgres/open.ts';
import { copyDatabase } from '../servers/postgres.ts';
import { type Opened, settings, start } from './records/rig.ts';
import { recordsContract } from './records.ts';

const { server, template } = inject('postgres');

async function newDatabase(): Promise<string> {
  const database = await copyDatabase(server, template);
  onTestFinished(database.drop);
  return database.url;
}

/** The same database through a pooler (`host:port`), where one is given. */
function pooled(url: string): string {
  const through = new URL(url);
  through.host = process.env['MEDIADOCK_TEST_POOLER'] ?? through.host;
  return through.href;
}

/** Where nobody says that the URL is a pooler's, the records find out. */
const told = process.env['MEDIADOCK_TEST_POOLER_UNTOLD'] !== '1';
const openIn = (url: string, given: RecordsSettings = settings) =>
  openPostgresRecords({
    url: pooled(url),
    ...(told && { directUrl: url }),
    settings: given,
    now: () => start,
    poolSize: 4,
  });

recordsContract('PostgreSQL', async (given: RecordsSettings = settings): Promise<Opened> => {
  const url = await newDatabase();
  let records = await openIn(url, given);
  // The last registered runs first: the database is removed after the records are closed.
  onTestFinished(() => records.close());
  return {
    records,
    freed: 'by lapse',
    async reopen(some = given) {
      await records.close();
      records = await openIn(url, some);
      return records;
    },
  };
});
