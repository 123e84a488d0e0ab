import { expect, test } from 'vitest';
import { eraser } from './erase.ts';

const reach = { kind: 'instance' } as const;

/** An eraser over records in which `there` exists, and what is deleted is erased after so many looks. */
function over(looksUntilErased: number, patienceMs?: number) {
  let looks = 0;
  const seen = { sweeps: 0, wakes: 0, looks: () => looks };
  const exists = async ({ id }: { id: string }) => id === 'there';
  const erase = eraser({
    records: {
      deleteOrganization: exists,
      deleteApp: exists,
      deleteChannel: exists,
      isErased: async () => ++looks > looksUntilErased,
    },
    clock: { now: () => 0 },
    sweep: async () => {
      seen.sweeps += 1;
    },
    onWork: () => {
      seen.wakes += 1;
    },
    ...(patienceMs !== undefined && { patienceMs }),
  });
  return { erase, seen };
}

test('whoever deletes an owner waits until its bytes are gone, and sets the work going', async () => {
  const { erase, seen } = over(3);
  await erase.channel(reach, 'there');
  expect([seen.looks(), seen.sweeps, seen.wakes]).toEqual([4, 1, 1]);
});

test('nobody waits for ever: what takes longer than the patience goes on alone', async () => {
  const { erase, seen } = over(Number.POSITIVE_INFINITY, 120);
  await erase.app(reach, 'there');
  expect(seen.looks()).toBeGreaterThan(0);
});

test('what is not there is not found, and nothing is swept for it', async () => {
  const { erase, seen } = over(0);
  await expect(erase.organization('elsewhere')).rejects.toMatchObject({ code: 'not_found' });
  expect([seen.sweeps, seen.wakes]).toEqual([0, 0]);
});
