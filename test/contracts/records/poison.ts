// What cannot be stored must not take anything else with it.

import { expect, test } from 'vitest';
import type { InboundMessage } from '../../../src/core/carrier.ts';
import { claim, eventsOf, everything, firstPage, home, type Open } from './rig.ts';

/** Fields as a carrier's folder must never give them. */
const poisons: [string, Partial<Record<keyof InboundMessage, unknown>>][] = [
  ['an object as its dedupe key', { dedupeKey: {} }],
  ['an object as its text', { text: { a: 1 } }],
  ['no dedupe key', { dedupeKey: null }],
  ['a time that is no number', { sentAt: Number.NaN }],
  ['a time with a fraction', { sentAt: 1.5 }],
  ['a big integer in its content', { content: { a: 1n } }],
  ['media that is no list', { media: {} }],
  ['a name that is a list', { name: ['x'] }],
];

export function poisonClaims(name: string, open: Open): void {
  test.each(poisons)(`${name}: an item with %s is set aside, and its siblings stand`, async (_what, poison) => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint();
    const bad = { ...at.message(), ...poison } as InboundMessage;
    const [outcome] = await records.accept([at.unit([at.message(), bad, at.message()])]);
    expect(outcome).toMatchObject({ created: 2, unparsed: 1, unrouted: 0 });
    const { rows } = await records.listJournal({ only: 'unparsed', page: firstPage });
    expect(rows).toMatchObject([{ id: outcome?.journalId, messages: 2, unparsed: 1 }]);
    expect(rows[0]?.problems).toHaveLength(1);
    expect(await eventsOf(records, at.reach)).toEqual(['message.received', 'message.received']);
  });

  test(`${name}: an item that fails half way leaves nothing of itself`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.endpoint();
    const bad = { ...claim(), deadline: 'never' } as unknown as InboundMessage['media'][number];
    await records.accept([
      at.unit([at.message({ identities: [{ kind: 'phone', value: '77' }], media: [claim(), bad] })]),
    ]);
    expect((await records.listMessages({ reach: at.reach, filter: {}, page: firstPage })).rows).toEqual([]);
    expect((await records.listMedia({ reach: at.reach, filter: {}, page: firstPage })).rows).toEqual([]);
    expect(await eventsOf(records, at.reach)).toEqual([]);
    expect((await records.backlog({ now: 0 })).captures.ready).toBe(0);
  });

  test(`${name}: a unit of which nothing can be stored stands in the journal alone, its neighbours whole`, async () => {
    const { records } = await open();
    const at = await home(records);
    const broken = at.unit(null as unknown as InboundMessage[], { headers: { big: 1n as unknown as string } });
    const outcomes = await records.accept([at.unit([at.message()]), broken, at.unit([at.message()])]);
    expect(outcomes.map(({ created, unparsed }) => [created, unparsed])).toEqual([
      [1, 0],
      [0, 1],
      [1, 0],
    ]);
    const entry = await records.journalEntry({ id: outcomes[1]?.journalId ?? '' });
    expect(entry).toMatchObject({ unparsed: 1, messages: 0, bytes: 7 });
  });

  test(`${name}: callers who share a commit with a poisoned one get their own outcomes`, async () => {
    const { records } = await open();
    const at = await home(records);
    const poisoned = at.message({ dedupeKey: {} as unknown as string });
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, n) => records.accept([at.unit([n === 17 ? poisoned : at.message()])])),
    );
    expect(results.flat().map((outcome) => outcome.created)).toEqual(
      Array.from({ length: 40 }, (_, n) => (n === 17 ? 0 : 1)),
    );
    expect(results[17]).toMatchObject([{ unparsed: 1 }]);
  });

  test(`${name}: only the guilty caller of a commit sees an error`, async () => {
    const { records } = await open();
    const at = await home(records);
    const gone = at.unit([at.message()], { connectionId: 'con_000000000000000000000000000' });
    const [bad, good, app] = await Promise.allSettled([
      records.accept([gone]),
      records.accept([at.unit([at.message()])]),
      records.updateApp({ reach: everything, id: at.app.id, set: { name: 'Renamed' } }),
    ]);
    expect(bad.status).toBe('rejected');
    expect(good).toMatchObject({ status: 'fulfilled', value: [{ created: 1 }] });
    expect(app).toMatchObject({ status: 'fulfilled', value: { name: 'Renamed' } });
  });
}
