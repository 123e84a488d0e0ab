import { expect, test } from 'vitest';
import type { Records } from '../core/records.ts';
import { blindCursors } from './blind-cursors.ts';

const key = new Uint8Array(32).fill(1);
const other = new Uint8Array(32).fill(2);

/** Records that say where they were asked to go on, and point after the row "7". */
const plain = {
  listApps: ({ page }: { page: { cursor: string | null } }) => Promise.resolve({ rows: [page.cursor], next: 'row-7' }),
  listKeys: () => Promise.resolve({ rows: [], next: null }),
  eventsEnd: () => Promise.resolve('row-7'),
  replayEvents: ({ cursor }: { cursor: string | null }) =>
    Promise.resolve(
      cursor === null ? { queued: 1, next: 'row-7' } : { queued: cursor === 'row-7' ? 7 : 0, next: null },
    ),
} as unknown as Records;

const after = async (records: Records, cursor: string | null) => {
  const page = await records.listApps({ reach: { kind: 'instance' }, page: { limit: 1, cursor } });
  return { asked: page.rows[0] as unknown, next: page.next };
};

test('a cursor leads back to where it was made, and says nothing of it', async () => {
  const records = blindCursors(plain, [key]);
  const { next } = await after(records, null);
  expect(Buffer.from(next ?? '', 'base64url').includes('row')).toBe(false);
  expect((await after(records, next)).asked).toBe('row-7');
  expect((await after(records, null)).next).toBe(next);
});

test('the end of a list stays the end', async () => {
  const request = {
    reach: { kind: 'instance' },
    owner: { kind: 'app', id: 'app_1' },
    page: { limit: 1, cursor: null },
  } as const;
  expect(await blindCursors(plain, [key]).listKeys(request)).toEqual({ rows: [], next: null });
});

test('a cursor outlives the key that made it, while that one is known', async () => {
  const { next } = await after(blindCursors(plain, [other]), null);
  expect((await after(blindCursors(plain, [key, other]), next)).asked).toBe('row-7');
  await expect(after(blindCursors(plain, [key]), next)).rejects.toMatchObject({ code: 'invalid_cursor' });
});

test('nothing that was not made here is a cursor', async () => {
  const records = blindCursors(plain, [key]);
  const { next } = await after(records, null);
  const whole = next ?? '';
  const altered = [...whole].map(
    (character, at) => whole.slice(0, at) + (character === 'A' ? 'B' : 'A') + whole.slice(at + 1),
  );
  for (const wrong of ['', 'row-7', 'AQEAAAAAAAc', `${whole}=`, whole.slice(1), ...altered]) {
    await expect(after(records, wrong), wrong).rejects.toMatchObject({ code: 'invalid_cursor' });
  }
});

test('the end of events and the steps of a replay are blinded like the pages of a list', async () => {
  const records = blindCursors(plain, [key]);
  const { next } = await after(records, null);
  expect(await records.eventsEnd()).toBe(next);
  const request = { reach: { kind: 'instance' }, appId: 'app_1', endpointId: 'end_1', from: 0, to: 1, now: 1 } as const;
  const step = { ...request, scope: 'all', limit: 1 } as const;
  expect(await records.replayEvents({ ...step, cursor: null })).toEqual({ queued: 1, next });
  expect(await records.replayEvents({ ...step, cursor: next })).toEqual({ queued: 7, next: null });
  await expect(records.replayEvents({ ...step, cursor: 'row-7' })).rejects.toMatchObject({ code: 'invalid_cursor' });
});
