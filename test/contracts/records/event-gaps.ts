// Where events end, and whether a reader that comes back has missed any.

import { expect, test } from 'vitest';
import type { Reach } from '../../../src/core/model.ts';
import type { Records } from '../../../src/core/records.ts';
import { day, everything, firstPage, home, type Open, start, sweepAll } from './rig.ts';

const read = (records: Records, reach: Reach, cursor: string | null, limit = 100) =>
  records.listEvents({ reach, page: { limit, cursor } });

export function eventGapClaims(name: string, open: Open): void {
  test(`${name}: who reads from the end of events hears what comes later, and only that`, async () => {
    const { records } = await open();
    const at = await home(records);
    const empty = await records.eventsEnd();
    await at.receive({ media: [] });
    const end = await records.eventsEnd();
    await at.receive({ media: [] });
    expect((await read(records, at.reach, empty)).rows).toHaveLength(2);
    const after = await read(records, at.reach, end);
    expect(after).toMatchObject({ gap: false, rows: [{ type: 'message.received' }] });
    expect(after.rows).toHaveLength(1);
    expect(await records.eventsEnd()).toBe(after.next);
  });

  test(`${name}: a cursor from before what was forgotten has a gap, one from after it has none`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive({ media: [] });
    const { next: first } = await read(records, at.reach, null);
    await at.receive({ media: [] });
    const { next: second } = await read(records, at.reach, first);
    const late = start + 31 * day;
    await sweepAll(records, late);
    expect(await read(records, at.reach, null)).toMatchObject({ gap: false, rows: [] });
    expect(await read(records, at.reach, first)).toMatchObject({ gap: true });
    expect(await read(records, at.reach, second)).toMatchObject({ gap: false, rows: [] });
    expect(await read(records, everything, first)).toMatchObject({ gap: true });
    expect(await read(records, at.reach, await records.eventsEnd())).toMatchObject({ gap: false, rows: [] });
    await at.receive({ media: [] }, late);
    expect(await read(records, at.reach, first)).toMatchObject({ gap: true, rows: [{ type: 'message.received' }] });
    expect((await read(records, at.reach, second)).rows).toHaveLength(1);
  });

  test(`${name}: what other apps have lost is no gap for an app that had nothing to lose`, async () => {
    const { records } = await open();
    const [quiet, busy] = [await home(records), await home(records)];
    await quiet.receive({ media: [] });
    const { next } = await read(records, quiet.reach, null);
    await busy.receive({ media: [] });
    await sweepAll(records, start + 31 * day);
    expect(await read(records, quiet.reach, next)).toMatchObject({ gap: false });
    const narrowed = { reach: everything, page: { limit: 1, cursor: next } };
    expect(await records.listEvents({ ...narrowed, appId: quiet.app.id })).toMatchObject({ gap: false });
    expect(await records.listEvents({ ...narrowed, appId: busy.app.id })).toMatchObject({ gap: true });
    expect(await records.listEvents(narrowed)).toMatchObject({ gap: true });
  });

  test(`${name}: an event that stays for its delivery hides no gap`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive({ media: [] });
    const { next } = await read(records, at.reach, null);
    await at.receive({ media: [] });
    await at.endpoint('prompt');
    await at.receive({ media: [] });
    await sweepAll(records, start + 31 * day);
    const { rows } = await records.listDeliveries({ reach: at.reach, filter: {}, page: firstPage });
    expect(await read(records, at.reach, next)).toMatchObject({ gap: true, rows: [{ id: rows[0]?.eventId }] });
  });
}
