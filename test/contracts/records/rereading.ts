// Entries of the journal that are read again.

import { expect, test } from 'vitest';
import { Fault } from '../../../src/core/faults.ts';
import type { Id } from '../../../src/core/ids.ts';
import type { Records } from '../../../src/core/records.ts';
import {
  capturesAt,
  claim,
  day,
  deliveriesAt,
  eventsOf,
  firstPage,
  home,
  hour,
  message,
  minute,
  newChannel,
  type Open,
  start,
} from './rig.ts';

const later = start + 3 * day;

const journalIds = async (records: Records) =>
  (await records.listJournal({ page: firstPage })).rows.map((entry) => entry.id);

export function rereadingClaims(name: string, open: Open): void {
  test(`${name}: what no channel claimed is delivered when its entry is read again, dated as it was received`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('held');
    const deadline = start + 7 * day;
    const lost = message({ address: 'elsewhere', media: [claim({ deadline })] });
    const [first] = await records.accept([at.unit([lost, at.message({ media: [] })], { statuses: 1 })]);
    const replays = first?.journalId;
    if (replays === undefined) throw new Error('nothing was journaled');
    await newChannel(records, at.app, at.connection, 'elsewhere');
    const before = await records.journalEntry({ id: replays });
    expect(before).toMatchObject({ messages: 1, unrouted: 1, problems: ['unrouted: elsewhere'] });

    const again = at.unit([lost, at.message({ media: [], dedupeKey: 'new' })], {
      receivedAt: later,
      notices: 1,
      replays,
    });
    expect(await records.accept([again])).toEqual([
      {
        journalId: replays,
        created: 2,
        duplicates: 0,
        mediaAdded: 0,
        unrouted: 0,
        unparsed: 0,
        ready: ['capture', 'deliver'],
      },
    ]);
    expect(await journalIds(records)).toEqual([replays]);
    expect(await records.journalEntry({ id: replays })).toEqual({
      ...before,
      messages: 2,
      statuses: 0,
      notices: 1,
      unrouted: 0,
      problems: [],
    });
    expect((await records.backlog({ now: later })).journal).toEqual({ unrouted: 0, unparsed: 0 });
    const { rows } = await records.listMessages({ reach: at.reach, filter: {}, page: firstPage });
    const found = rows.find(({ carrierMessageId }) => carrierMessageId === lost.carrierMessageId);
    expect(found).toMatchObject({ receivedAt: start, media: [{ receivedAt: start, deadline, state: 'pending' }] });
    const { rows: events } = await records.listEvents({ reach: at.reach, page: firstPage });
    expect(events.map((event) => event.at)).toEqual([start, later, later]);
    // It is held for its capture from now on, not since it was received.
    const news = await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage });
    expect(news.rows.find(({ messageId }) => messageId === found?.id)?.dueAt).toBe(later + hour);
    expect(await capturesAt(records, later)).toMatchObject([{ media: { id: found?.media[0]?.id } }]);
  });

  test(`${name}: reading an entry again makes nothing twice`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint('prompt');
    const given = at.message();
    const [first] = await records.accept([at.unit([given])]);
    const replays = first?.journalId ?? 'req_none';
    const again = () => records.accept([at.unit([given], { receivedAt: later, replays })]);
    const outcomes = (await Promise.all(Array.from({ length: 8 }, again))).flat();
    expect(outcomes.map(({ created, duplicates }) => ({ created, duplicates }))).toEqual(
      Array(8).fill({ created: 0, duplicates: 1 }),
    );
    expect(await eventsOf(records, at.reach)).toEqual(['message.received']);
    expect(await deliveriesAt(records, later)).toHaveLength(1);
    expect(await journalIds(records)).toEqual([replays]);
  });

  test(`${name}: an entry that still cannot be read stays open, with the problems of this reading`, async () => {
    const { records } = await open();
    const at = await home(records);
    const [first] = await records.accept([at.unit([], { unparsed: ['not JSON'] })]);
    const replays = first?.journalId ?? 'req_none';
    await records.accept([at.unit([message({ address: 'nowhere' })], { receivedAt: later, unparsed: ['x'], replays })]);
    const entry = await records.journalEntry({ id: replays });
    expect(entry).toMatchObject({ receivedAt: start, unrouted: 1, unparsed: 1, bytes: 7 });
    expect(entry?.problems.toSorted()).toEqual(['unrouted: nowhere', 'x']);
    expect((await records.listJournal({ only: 'unparsed', page: firstPage })).rows).toMatchObject([{ id: replays }]);
    expect((await records.listJournal({ only: 'unrouted', page: firstPage })).rows).toMatchObject([{ id: replays }]);
  });

  test(`${name}: one poisoned message of an entry that is read again does not stop its siblings`, async () => {
    const { records } = await open();
    const at = await home(records);
    const [first] = await records.accept([at.unit([], { unparsed: ['not JSON'] })]);
    const replays = first?.journalId ?? 'req_none';
    const poisoned = at.message({ sentAt: 'never' as unknown as number });
    const [outcome] = await records.accept([at.unit([poisoned, at.message()], { receivedAt: later, replays })]);
    expect(outcome).toMatchObject({ journalId: replays, created: 1, unparsed: 1 });
    expect(await records.journalEntry({ id: replays })).toMatchObject({ messages: 1, unparsed: 1, bytes: 7 });
    expect(await journalIds(records)).toEqual([replays]);
  });

  test(`${name}: an entry that is gone is a fault, and fails nobody else`, async () => {
    const { records } = await open();
    const at = await home(records);
    const replays: Id<'journal'> = 'req_none';
    const [gone, other] = await Promise.allSettled([
      records.accept([at.unit([at.message()], { receivedAt: start + minute, replays })]),
      records.accept([at.unit([at.message()])]),
    ]);
    const reason: unknown = gone.status === 'rejected' ? gone.reason : undefined;
    expect(reason).toBeInstanceOf(Fault);
    expect(reason).toMatchObject({ code: 'not_found' });
    expect(other).toMatchObject({ status: 'fulfilled', value: [{ created: 1 }] });
    expect((await records.listMessages({ reach: at.reach, filter: {}, page: firstPage })).rows).toHaveLength(1);
  });
}
