// The gateway is killed at each failpoint once and then at random; `npm run torture` does it three hundred times.

import { expect, test } from 'vitest';
import type { CarrierName } from './carriers/registry.ts';
import { torture } from './run.ts';

const seed = Number(process.env['TORTURE_SEED'] ?? Date.now() % 1_000_000);

const plans: [carrier: CarrierName, atRandom: number][] = [
  ['whatsapp', 20],
  ['rcs', 5],
  ['twilio', 5],
];

test.each(plans)(
  `killed at every failpoint and then at random, a gateway keeps all that it promised: %s, %i times (seed ${seed})`,
  async (carrier, atRandom) => {
    const report = await torture({
      seed,
      carrier,
      atFailpoints: 10,
      atRandom,
      longestLifeMs: 700,
      databaseUrl: undefined,
    });
    expect(report.violations).toEqual([]);
    // The load was one.
    expect(report.messages).toBeGreaterThan(20);
    expect(report.deliveries).toBeGreaterThan(20);
    expect(report.storedAtTheEnd).toBeGreaterThan(10);
  },
  // Half a minute on a quiet machine; what is claimed is not how fast.
  600_000,
);
