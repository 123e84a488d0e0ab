// Requests with a key of their own are made once.

import { expect, test } from 'vitest';
import type { Records } from '../../../src/core/records.ts';
import { day, minute, type Open, second, start, sweepAll } from './rig.ts';

const caller = 'key_one';
const named = { caller, idempotencyKey: 'Zoë \u0000 \ud83d' };
const answer = Uint8Array.of(0, 255, 7);

const begin = (records: Records, some: Partial<Parameters<Records['beginIdempotent']>[0]> = {}) =>
  records.beginIdempotent({ ...named, fingerprint: 'a', now: start, staleMs: minute, ...some });

export function idempotencyClaims(name: string, open: Open): void {
  test(`${name}: of requests with one key that come at once the first is made, the others are told that it runs`, async () => {
    const { records } = await open();
    const marks = await Promise.all(Array.from({ length: 20 }, () => begin(records)));
    expect(marks.filter(({ is }) => is === 'first')).toHaveLength(1);
    expect(marks.filter(({ is }) => is === 'running')).toHaveLength(19);
  });

  test(`${name}: what is done gives its answer again, to the same request alone`, async () => {
    const { records } = await open();
    expect(await begin(records)).toEqual({ is: 'first' });
    expect(await begin(records, { fingerprint: 'b' })).toEqual({ is: 'other' });
    await records.endIdempotent({ ...named, end: { status: 201, answer } });
    const again = await begin(records, { now: start + minute });
    expect(again).toMatchObject({ is: 'done', status: 201 });
    expect([...(again.is === 'done' ? again.answer : [])]).toEqual([...answer]);
    expect(await begin(records, { fingerprint: 'b' })).toEqual({ is: 'other' });
    expect(await begin(records, { caller: 'key_two' })).toEqual({ is: 'first' });
    expect(await begin(records, { idempotencyKey: 'other' })).toEqual({ is: 'first' });
  });

  test(`${name}: a request that failed on our side may be made again`, async () => {
    const { records } = await open();
    await begin(records);
    await records.endIdempotent({ ...named, end: null });
    expect(await begin(records, { fingerprint: 'b' })).toEqual({ is: 'first' });
  });

  test(`${name}: an answer that was given is not taken back`, async () => {
    const { records } = await open();
    await begin(records);
    await records.endIdempotent({ ...named, end: { status: 200, answer } });
    await records.endIdempotent({ ...named, end: null });
    expect(await begin(records)).toMatchObject({ is: 'done' });
  });

  test(`${name}: a request that never ended counts as absent after its time`, async () => {
    const { records } = await open();
    await begin(records);
    expect(await begin(records, { now: start + minute - 1 })).toEqual({ is: 'running' });
    expect(await begin(records, { now: start + minute, fingerprint: 'b' })).toEqual({ is: 'first' });
    expect(await begin(records, { now: start + minute + second, fingerprint: 'b' })).toEqual({ is: 'running' });
  });

  test(`${name}: an answer is given again for a day, swept or not`, async () => {
    for (const swept of [false, true]) {
      const { records } = await open();
      await begin(records);
      await records.endIdempotent({ ...named, end: { status: 200, answer } });
      if (swept) await sweepAll(records, start + day - 1);
      expect(await begin(records, { now: start + day - 1 })).toMatchObject({ is: 'done' });
      if (swept) expect(await sweepAll(records, start + day)).toBe(1);
      expect(await begin(records, { now: start + day })).toEqual({ is: 'first' });
    }
  });
}
