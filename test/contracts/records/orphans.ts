// Objects that no row knows: they are doomed like any other, and no capture can be stored with one that is.

import { expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { capturesAt, claiming, day, everything, file, fresh, home, type Open, second, settle, start } from './rig.ts';

export function orphanClaims(name: string, open: Open): void {
  test(`${name}: an object without a row is doomed and removed once; one that a row names, living or doomed, is left alone`, async () => {
    const { records } = await open();
    const at = await home(records);
    await at.receive();
    const [job] = await capturesAt(records, start);
    if (job === undefined) throw new Error('nothing to capture');
    const stored = file(at.app);
    await settle(records, job, start, { to: 'stored', file: stored });
    const orphan = `${at.app.id}/${fresh('blob')}`;

    const objects = [stored.blob, orphan];
    expect(await records.unknownObjects({ objects })).toEqual([orphan]);
    expect(await records.unknownObjects({ objects: [] })).toEqual([]);
    expect(await records.doomOrphans({ objects, now: start + day })).toEqual({ doomed: 1, ownerless: [] });
    expect(await records.doomOrphans({ objects, now: start + day })).toEqual({ doomed: 0, ownerless: [] });
    const { jobs } = await records.claimRemovals(claiming(start + day));
    expect(jobs.map(({ blob }) => blob)).toEqual([orphan]);
    for (const { job, attempt } of jobs)
      await records.settleRemovals([{ job, attempt, at: start + day, result: { to: 'removed' } }]);
    expect((await records.claimRemovals(claiming(start + 2 * day))).jobs).toEqual([]);
    const { rows } = await records.listMedia({ reach: everything, filter: {}, page: { limit: 9, cursor: null } });
    expect(rows.map(({ blob }) => blob)).toEqual([stored.blob]);
  });

  test(`${name}: an object of an app that was never here is given back, and nothing is recorded of it`, async () => {
    const { records } = await open();
    const at = await home(records);
    const objects = [`${newId('app', start)}/${fresh('blob')}`, `${at.app.id}/${fresh('blob')}`];
    const [stranger] = objects;
    expect(await records.doomOrphans({ objects, now: start })).toEqual({ doomed: 1, ownerless: [stranger] });
    expect(await records.doomOrphans({ objects, now: start })).toEqual({ doomed: 0, ownerless: [stranger] });
    expect(await records.doomOrphans({ objects: [], now: start })).toEqual({ doomed: 0, ownerless: [] });
  });

  test(`${name}: a capture that comes with a doomed object is not stored, and is made again`, async () => {
    const { records } = await open();
    const at = await home(records);
    const message = await at.receive();
    const [job] = await capturesAt(records, start);
    if (job === undefined) throw new Error('nothing to capture');
    const late = file(at.app);
    await records.doomOrphans({ objects: [late.blob], now: start + second });
    await expect(settle(records, job, start + second, { to: 'stored', file: late })).rejects.toThrow();
    const id = message.media[0]?.id ?? '';
    expect(await records.media({ reach: everything, id })).toMatchObject({ state: 'pending', blob: null });

    const [again] = await capturesAt(records, start + 31 * second);
    if (again === undefined) throw new Error('it was not made again');
    const fetched = file(at.app);
    await settle(records, again, start + 31 * second, { to: 'stored', file: fetched });
    expect(await records.media({ reach: everything, id })).toMatchObject({ state: 'stored', blob: fetched.blob });
  });
}
