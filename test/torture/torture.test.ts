// The gateway is killed at each failpoint once and twenty times at random; `npm run torture` does it three hundred times.

import { expect, test } from 'vitest';
import { torture } from './run.ts';

const seed = Number(process.env['TORTURE_SEED'] ?? Date.now() % 1_000_000);

test(`killed at every failpoint and twenty times at random, a gateway keeps all that it promised (seed ${seed})`, async () => {
  const report = await torture({
    seed,
    atFailpoints: 10,
    atRandom: 20,
    longestLifeMs: 700,
    databaseUrl: process.env['MEDIADOCK_DATABASE_URL'],
  });
  expect(report.violations).toEqual([]);
  // The load was one.
  expect(report.messages).toBeGreaterThan(20);
  expect(report.deliveries).toBeGreaterThan(20);
  expect(report.storedAtTheEnd).toBeGreaterThan(10);
}, 180_000);
