import { expect, test } from 'vitest';
import type { RestingJob } from '../core/records.ts';
import { watchSuspects } from './suspects.ts';

const job = (id: string): RestingJob => ({
  id,
  kind: 'capture',
  appId: 'app_1',
  lapses: 10,
  failures: 0,
  reason: null,
  createdAt: 0,
});

test('a job that rests is told of once, and again when it has come back to rest', async () => {
  let resting: RestingJob[] = [job('one')];
  const told: string[] = [];
  const look = watchSuspects({ records: { listResting: async () => resting }, report: ({ id }) => told.push(id) });
  await look();
  await look();
  resting = [job('one'), job('two')];
  await look();
  expect(told).toEqual(['one', 'two']);
  resting = [job('two')];
  await look();
  resting = [job('one'), job('two')];
  await look();
  expect(told).toEqual(['one', 'two', 'one']);
});
