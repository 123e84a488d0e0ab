// Ranges of keys: made ahead, spared while they are about to go, dropped whole.

import { Client } from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import {
  capturesAt,
  day,
  deliveriesAt,
  eventsOf,
  firstPage,
  home,
  hour,
  settings,
  settle,
  settleDelivery,
  start,
} from '../../../test/contracts/records/rig.ts';
import { createDatabase } from '../../../test/servers/postgres.ts';
import { connectionTo } from './connect.ts';
import { openPostgresRecords } from './open.ts';

const { server } = inject('postgres');
const rangeKeys = 10;

async function open() {
  const { url, drop } = await createDatabase(server);
  const log: object[] = [];
  const records = await openPostgresRecords({
    url,
    settings,
    now: () => start,
    rangeKeys,
    log: (line) => log.push(line),
  });
  const client = new Client(connectionTo(url));
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await records.close();
    await drop();
  });
  const ranges = async (table: string): Promise<string[]> => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = '${table}'::regclass`,
    );
    return rows.map(({ name }) => name).sort((a, b) => Number(a.split('_')[1]) - Number(b.split('_')[1]));
  };
  const count = async (table: string): Promise<number> =>
    (await client.query<{ count: number }>(`SELECT count(*) FROM ${table}`)).rows[0]?.count ?? 0;
  return { records, client, ranges, count, log };
}

test('ranges are made ahead of the keys, at the start and by every sweep', async () => {
  const { records, ranges } = await open();
  expect(await ranges('events')).toEqual(['events_0', 'events_10']);
  const at = await home(records);
  await records.accept(Array.from({ length: 12 }, () => at.unit([at.message({ media: [] })])));
  await records.sweep({ now: start, limit: 100 });
  expect(await ranges('events')).toEqual(['events_0', 'events_10', 'events_20']);
  expect(await ranges('journal')).toEqual(['journal_0', 'journal_10', 'journal_20']);
  expect(await eventsOf(records, at.reach)).toHaveLength(12);
});

test('keys for which no range is there are an outage, never an unparsed webhook', async () => {
  const { records, client } = await open();
  const at = await home(records);
  await client.query("SELECT setval('journal_key_seq', 1000)");
  const accepting = records.accept([at.unit([at.message()])]);
  await records.sweep({ now: start, limit: 100 });
  expect(await accepting).toMatchObject([{ created: 1, unparsed: 0 }]);
});

test('a full range of the journal goes whole when all in it is old and nothing open', async () => {
  const { records, ranges, count } = await open();
  const at = await home(records);
  const units = Array.from({ length: 14 }, (_, n) => at.unit([], { unparsed: n === 3 ? ['x'] : [] }));
  for (const unit of units) await records.accept([unit]);
  await records.sweep({ now: start + 7 * day + 2 * hour, limit: 100 });
  // The one that could not be read stays, and the others of its range went row by row.
  expect(await count('journal')).toBe(1);
  expect(await ranges('journal')).toContain('journal_0');
  await records.sweep({ now: start + 30 * day + 2 * hour, limit: 100 });
  await records.sweep({ now: start + 30 * day + 2 * hour, limit: 100 });
  expect(await count('journal')).toBe(0);
  expect(await ranges('journal')).not.toContain('journal_0');
});

test('a range that goes within a day is spared until it goes whole', async () => {
  const { records, ranges, count, log } = await open();
  const at = await home(records);
  for (let n = 0; n < 10; n++) await records.accept([at.unit([], { receivedAt: start + n * hour })]);
  await records.accept([at.unit([], { receivedAt: start + 9 * hour })]);
  const whenFirstIsOld = start + 7 * day + hour;
  await records.sweep({ now: whenFirstIsOld, limit: 100 });
  expect(await count('journal')).toBe(11);
  await records.sweep({ now: whenFirstIsOld + 10 * hour, limit: 100 });
  expect(await ranges('journal')).not.toContain('journal_0');
  expect(log).toContainEqual({ notice: 'a range of keys was dropped', range: 'journal_0' });
});

test('events, deliveries and attempts go whole together, but never while a delivery is open', async () => {
  const { records, client, ranges, count } = await open();
  const at = await home(records);
  await at.endpoint('prompt');
  for (let n = 0; n < 12; n++) await at.receive({ media: [] });
  const jobs = [];
  for (let n = 0; n < 2; n++) jobs.push(...(await deliveriesAt(records, start)));
  const [kept, ...rest] = jobs;
  if (kept === undefined) throw new Error('nothing is due');
  for (const job of rest) await settleDelivery(records, job, start, { to: 'delivered' });
  for (const job of await deliveriesAt(records, start)) await settleDelivery(records, job, start, { to: 'delivered' });
  await records.release({ leases: [kept], now: start });
  const old = start + 31 * day;
  for (let n = 0; n < 5; n++) await records.sweep({ now: old, limit: 100 });
  expect(await eventsOf(records, at.reach)).toHaveLength(1);
  expect(await ranges('deliveries')).toContain('deliveries_0');

  const [again] = await deliveriesAt(records, old);
  if (again === undefined) throw new Error('nothing is due');
  expect(again.delivery.id).toBe(kept.delivery.id);
  await settleDelivery(records, again, old, { to: 'delivered' });
  for (let n = 0; n < 5; n++) await records.sweep({ now: old, limit: 100 });
  for (const table of ['events', 'deliveries', 'attempts']) expect(await ranges(table)).not.toContain(`${table}_0`);
  expect((await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage })).rows).toEqual([]);
  expect(await count('deliveries')).toBe(0);
  const orphans = 'SELECT FROM attempts WHERE NOT EXISTS (SELECT FROM deliveries WHERE key = delivery_key)';
  expect((await client.query(orphans)).rows).toEqual([]);
});

test('events that went with a whole range are a gap for who had not read them, and for no other app', async () => {
  const { records, ranges } = await open();
  const [quiet, busy] = [await home(records), await home(records)];
  const read = (of: typeof busy, cursor: string | null) =>
    records.listEvents({ reach: of.reach, page: { limit: 1, cursor } });
  await quiet.receive({ media: [] });
  const nothing = await read(quiet, null);
  for (let n = 0; n < 8; n++) await busy.receive({ media: [] });
  const first = await read(busy, null);
  const all = await records.listEvents({ reach: busy.reach, page: firstPage });
  for (let n = 0; n < 4; n++) await busy.receive({ media: [] }, start + 40 * day);
  for (let n = 0; n < 3; n++) await records.sweep({ now: start + 31 * day, limit: 100 });
  expect(await ranges('events')).not.toContain('events_0');
  expect(await read(quiet, nothing.next)).toMatchObject({ gap: false });
  expect(await read(busy, first.next)).toMatchObject({ gap: true });
  expect(await read(busy, all.next)).toMatchObject({ gap: false, rows: [{ at: start + 40 * day }] });
});

test('what refers to a range goes before it, a bounded number at a time', async () => {
  const { records, ranges, count } = await open();
  const at = await home(records);
  await at.endpoint('split');
  // Many deliveries of few events: the events' range is full of old ones while the deliveries' are young in keys.
  for (let n = 0; n < 11; n++) await at.receive({ media: [] });
  for (let round = 0; round < 3; round++)
    for (const job of await deliveriesAt(records, start))
      await settleDelivery(records, job, start, { to: 'dead', reason: 'x' });
  for (const job of await capturesAt(records, start))
    await settle(records, job, start, { to: 'unavailable', reason: 'x' });
  const changes = [];
  for (let n = 0; n < 12; n++) changes.push((await records.sweep({ now: start + 31 * day, limit: 4 })).changed);
  expect(Math.max(...changes)).toBeLessThanOrEqual(4);
  expect(await ranges('events')).not.toContain('events_0');
  expect([await count('events'), await count('deliveries'), await count('attempts')]).toEqual([0, 0, 0]);
});
