// Crashes, cut connections and lost answers, on a server of its own that syncs as it does in production.

import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { AcceptOutcome, Records } from '../../src/core/records.ts';
import { openPostgresRecords } from '../../src/database/postgres/open.ts';
import { type CuttingProxy, startCuttingProxy } from '../servers/cutting-proxy.ts';
import { createDatabase, type PostgresServer, query, startPostgres } from '../servers/postgres.ts';
import {
  attemptAt,
  capturesAt,
  claiming,
  deliveriesAt,
  everything,
  file,
  firstPage,
  type Home,
  home,
  minute,
  newApp,
  settings,
  start,
} from './records/rig.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

async function open(): Promise<{ records: Records; url: string; proxy: CuttingProxy; log: object[] }> {
  const { url, drop } = await createDatabase(server.url);
  const proxy = await startCuttingProxy(url);
  const log: object[] = [];
  const records = await openPostgresRecords({
    url: proxy.url,
    directUrl: url,
    settings,
    now: () => start,
    log: (line) => log.push(line),
  });
  onTestFinished(async () => {
    await records.close();
    await proxy.close();
    await drop();
  });
  return { records, url, proxy, log };
}

/** One message after another from each of so many carriers, until told to stop. @returns what was acknowledged */
function load(records: Records, place: Home, carriers: number) {
  let stopped = false;
  const acknowledged: string[] = [];
  const done = Promise.all(
    Array.from({ length: carriers }, async () => {
      while (!stopped) {
        const message = place.message({ media: [] });
        const [outcome] = await records.accept([place.unit([message])]);
        if (outcome?.created === 1) acknowledged.push(message.carrierMessageId);
      }
    }),
  );
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await done;
    },
  };
}

/** Resolves when so many more were acknowledged. */
async function more(acknowledged: readonly string[], count: number): Promise<void> {
  const enough = acknowledged.length + count;
  // Turns of the event loop, in which the load goes on.
  while (acknowledged.length < enough) await new Promise((resolve) => setImmediate(resolve));
}

/** The server's word for a commit that is done. */
const committed = 'COMMIT\0';

const idsOf = async (url: string): Promise<string[]> =>
  (await query(url, 'SELECT carrier_message_id AS id FROM messages')).map(({ id }) => String(id)).sort();
const count = async (url: string, table: string): Promise<number> =>
  Number((await query(url, `SELECT count(*) AS count FROM ${table}`))[0]?.['count']);

test('a server that crashes under load costs a pause: nothing acknowledged is lost, nothing is there twice', async () => {
  const { records, url, log } = await open();
  const place = await home(records);
  await place.endpoint('prompt');
  const { acknowledged, stop } = load(records, place, 12);
  for (let crash = 0; crash < 3; crash++) {
    await more(acknowledged, 50);
    await server.crash();
  }
  await more(acknowledged, 50);
  await stop();
  expect(await idsOf(url)).toEqual(acknowledged.toSorted());
  for (const table of ['journal', 'events', 'deliveries', 'jobs'])
    expect([table, await count(url, table)]).toEqual([table, acknowledged.length]);
  expect(log).toContainEqual({ notice: 'the database answers again' });
  await records.ping();
});

test('connections that are cut under load cost a pause, too', async () => {
  const { records, url } = await open();
  const place = await home(records);
  const { acknowledged, stop } = load(records, place, 12);
  for (let cut = 0; cut < 10; cut++) {
    await more(acknowledged, 20);
    await query(
      url,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
  }
  await stop();
  expect(await idsOf(url)).toEqual(acknowledged.toSorted());
  expect(await count(url, 'journal')).toBe(acknowledged.length);
});

test('a webhook whose commit was not heard of is answered with what became of it, and stands in the journal once', async () => {
  const { records, url, proxy } = await open();
  const place = await home(records);
  proxy.cut('INSERT INTO journal', committed);
  const known = place.message();
  const outcomes = await records.accept([
    place.unit([known], { unparsed: ['x'] }),
    place.unit([known, place.message({ address: 'elsewhere' })]),
  ]);
  expect(proxy.cuts()).toBe(1);
  expect(outcomes).toMatchObject([
    { created: 1, duplicates: 0, unrouted: 0, unparsed: 1 },
    { created: 0, duplicates: 1, unrouted: 1, unparsed: 0 },
  ] satisfies Partial<AcceptOutcome>[]);
  expect(await count(url, 'journal')).toBe(2);
  expect(await count(url, 'messages')).toBe(1);
});

test('a capture whose settling was not heard of is settled, and its file is not dropped', async () => {
  const { records, proxy } = await open();
  const place = await home(records);
  await place.receive();
  const [job] = await capturesAt(records, start);
  if (job === undefined) throw new Error('no capture is due');
  const stored = file(place.app);
  proxy.cut('UPDATE media', committed);
  const { job: key, attempt } = job;
  const unit = { job: key, attempt, at: start, result: { to: 'stored', file: stored }, channel: null } as const;
  expect(await records.settleCaptures([unit])).toEqual([{ outcome: 'stale', drop: null }]);
  expect(proxy.cuts()).toBe(1);
  expect(await records.media({ reach: everything, id: job.media.id })).toMatchObject({
    state: 'stored',
    blob: stored.blob,
  });
});

test('an attempt whose settling was not heard of is recorded once', async () => {
  const { records, proxy, url } = await open();
  const place = await home(records);
  await place.endpoint('prompt');
  await place.receive({ media: [] });
  const [job] = await deliveriesAt(records, start);
  if (job === undefined) throw new Error('no delivery is due');
  proxy.cut('INSERT INTO attempts', committed);
  const { job: key, attempt, delivery } = job;
  await records.settleDeliveries([
    { job: key, attempt, at: start, log: attemptAt(start), result: { to: 'delivered' } },
  ]);
  expect(proxy.cuts()).toBe(1);
  expect(await records.delivery({ reach: everything, id: delivery.id })).toMatchObject({ state: 'delivered' });
  expect(await count(url, 'attempts')).toBe(1);
});

test('jobs of a claim that was not heard of are free again when its leases lapse', async () => {
  const { records, proxy } = await open();
  const place = await home(records);
  await place.receive();
  proxy.cut('turnstiles', committed);
  expect((await records.claimCaptures(claiming(start))).jobs).toEqual([]);
  expect(proxy.cuts()).toBe(1);
  expect(await capturesAt(records, start + minute)).toMatchObject([{ attempt: 2, failures: 0 }]);
});

test('an order whose commit was not heard of is not given twice: its caller hears of the outage', async () => {
  const { records, proxy } = await open();
  proxy.cut('insert into "apps"', committed);
  await expect(newApp(records)).rejects.toThrow('the connection was lost during a commit');
  expect((await records.listApps({ reach: everything, page: firstPage })).rows).toHaveLength(1);
});

test('an answer that is lost earlier costs nothing but another try', async () => {
  const { records, proxy, url } = await open();
  const place = await home(records);
  proxy.cut('insert into "apps"', 'INSERT 0 1\0');
  await newApp(records);
  expect(proxy.cuts()).toBe(1);
  expect(await count(url, 'apps')).toBe(2);
  proxy.cut('INSERT INTO journal', 'INSERT 0 1\0');
  expect(await records.accept([place.unit([place.message()])])).toMatchObject([{ created: 1 }]);
  expect(proxy.cuts()).toBe(2);
  expect(await count(url, 'journal')).toBe(1);
});
