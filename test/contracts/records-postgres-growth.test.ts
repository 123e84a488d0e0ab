// What a message costs must not grow with what is stored, even while the server has no statistics of it: they come a minute
// after a table has grown, and a plan made without them may read all that an app has to find one row of it. And statistics
// themselves mislead where there is one app, one channel and one endpoint, as in most houses.

import { Client } from 'pg';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import type { Records } from '../../src/core/records.ts';
import { openPostgresRecords } from '../../src/database/postgres/open.ts';
import { copyDatabase } from '../servers/postgres.ts';
import { attemptAt, claiming, file, fresh, type Home, home, settings, start } from './records/rig.ts';

const stored = 3000;
const messages = 10;

const { server, template } = inject('postgres');

/** Messages with a file each are received, captured and delivered, as many at a time as one request brings. */
async function live(records: Records, at: Home, count: number, each: number): Promise<void> {
  const all = claiming(start, { free: each, perLane: each, perFailingLane: each });
  for (let left = count; left > 0; left -= each) {
    const messages = Array.from({ length: each }, () =>
      at.message({ identities: [{ kind: 'phone', value: fresh('number') }] }),
    );
    await records.accept([at.unit(messages)]);
    const captures = (await records.claimCaptures(all)).jobs;
    expect(captures).toHaveLength(each);
    await records.settleCaptures(
      captures.map(({ job, attempt }) => {
        const result = { to: 'stored' as const, file: file(at.app) };
        return { job, attempt, at: start, result, channel: null };
      }),
    );
    const deliveries = (await records.claimDeliveries(all)).jobs;
    expect(deliveries).toHaveLength(each);
    await records.settleDeliveries(
      deliveries.map(({ job, attempt }) => {
        return { job, attempt, at: start, result: { to: 'delivered' as const }, log: attemptAt(start) };
      }),
    );
  }
}

/** What an application and a person look up: the newest of everything, one of each, and what came since. */
async function look(records: Records, { reach, channel }: Home): Promise<void> {
  const page = { limit: 3, cursor: null };
  const media = await records.listMedia({ reach, filter: {}, page });
  const stored = await records.listMedia({ reach, filter: { state: 'stored' }, page });
  const messages = await records.listMessages({ reach, filter: {}, page });
  const deliveries = await records.listDeliveries({ reach, filter: {}, page });
  const journal = await records.listJournal({ page });
  for (const { rows } of [media, stored, messages, deliveries, journal]) expect(rows).toHaveLength(3);
  const [file, message, delivery] = [media.rows[0], messages.rows[0], deliveries.rows[0]];
  if (file === undefined || message === undefined || delivery === undefined) throw new Error('there is nothing');
  expect(await records.mediaForLink({ id: file.id })).toMatchObject({ id: file.id });
  expect(await records.message({ reach, id: message.id })).toMatchObject({ channelId: channel.id });
  expect(await records.delivery({ reach, id: delivery.id })).toMatchObject({ id: delivery.id });
  expect(await records.listAttempts({ reach, deliveryId: delivery.id })).toHaveLength(1);
  const end = await records.eventsEnd();
  expect((await records.listEvents({ reach, page: { limit: 3, cursor: end } })).rows).toEqual([]);
  await records.backlog({ now: start });
}

test('a message and a look read about as many rows beside three thousand messages as beside three, with statistics and without', async () => {
  const { url, drop } = await copyDatabase(server, template);
  const beside = new Client({ connectionString: url });
  await beside.connect();
  onTestFinished(async () => {
    await beside.end();
    await drop();
  });
  const { rows: tables } = await beside.query<{ name: string }>(
    "SELECT oid::regclass AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
  );
  for (const { name } of tables) await beside.query(`ALTER TABLE ${name} SET (autovacuum_enabled = off)`);

  /** What a pool that is opened for it does. @returns how many rows it read, of indexes and of tables */
  async function rowsReadBy(work: (records: Records) => Promise<void>): Promise<number> {
    const before = await rowsRead();
    const records = await openPostgresRecords({ url, settings, now: () => start, poolSize: 3 });
    try {
      await work(records);
    } finally {
      await records.close();
    }
    return (await rowsRead()) - before;
  }
  /** A connection tells what it has read when it ends, at the latest. */
  async function rowsRead(): Promise<number> {
    const others = 'SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
    await vi.waitFor(async () => expect((await beside.query(others)).rows).toEqual([]), { timeout: 20_000 });
    const { rows } = await beside.query<{ read: number }>(
      `SELECT ((SELECT sum(idx_tup_read) FROM pg_stat_user_indexes) +
        (SELECT sum(seq_tup_read) FROM pg_stat_user_tables))::float8 AS read`,
    );
    return rows[0]?.read ?? Number.NaN;
  }

  let at: Home | undefined;
  const place = (): Home => at ?? expect.fail('there is no home');
  const some = () => rowsReadBy((records) => live(records, place(), messages, 1));
  const seen = () => rowsReadBy((records) => look(records, place()));
  await rowsReadBy(async (records) => {
    at = await home(records);
    await at.endpoint('prompt');
    await live(records, at, 3, 1);
  });
  const first = await some();
  await rowsReadBy((records) => live(records, place(), stored, 100));
  const unknown = await some();
  await beside.query('VACUUM ANALYZE');
  const known = await some();
  const looked = await seen();
  expect(first).toBeGreaterThan(100);
  // One statement that reads everything does so for each message. Before the first vacuum deleted rows are read over as well.
  expect(unknown).toBeLessThan(first + (messages * stored) / 2);
  expect(known).toBeLessThan(1.5 * first);
  expect(looked).toBeLessThan(stored / 3);
});
