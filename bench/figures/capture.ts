// Captures per second, 16 at once, from the first look at the carrier to the settled row; the baseline only fetches, hashes,
// writes and syncs. Both fetch the same files from the same carrier by the links of the webhooks.

import { startGatewayRig } from '../gateway-rig.ts';
import type { Plan } from '../plan.ts';
import { startProcess } from '../process.ts';
import type { CarrierCommands } from '../processes/carrier.ts';
import type { MinimalCaptureCommands } from '../processes/minimal-capture.ts';
import type { Figure } from '../report.ts';
import { inTurns, median } from '../rounds.ts';

const inFlight = 16;
const sizes = [
  { name: '20 KB', bytes: 20_000, files: 3000, quickly: 1000 },
  { name: '250 KB', bytes: 250_000, files: 1200, quickly: 400 },
  { name: '16 MB', bytes: 16_000_000, files: 80, quickly: 32 },
] as const;

export async function captureFigures(plan: Plan): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { name, bytes, files, quickly } of sizes) {
    const count = plan.quick ? quickly : files;
    const { gateway, minimal } = await inTurns(plan.rounds, {
      minimal: () => withCarrier(count, bytes, (carrier) => minimalCapture(carrier)),
      gateway: () => withCarrier(count, bytes, (carrier) => gatewayCapture(plan, carrier, count)),
    });
    const rate = (seconds: number[]) => count / median(seconds);
    figures.push({
      name: `capture, ${name}`,
      value: rate(gateway),
      unit: 'files/s',
      baseline: { name: 'minimal loop', value: rate(minimal) },
      ...(bytes > 100_000 && { target: { of: 'ratio', bound: 'at least', limit: 0.9 } }),
    });
  }
  return figures;
}

type Carrier = Awaited<ReturnType<typeof startProcess<CarrierCommands>>>;

/** A carrier of its own for each run, so that no files of a former one are about. */
async function withCarrier(count: number, bytes: number, run: (carrier: Carrier) => Promise<number>): Promise<number> {
  const carrier = await startProcess<CarrierCommands>('carrier');
  try {
    await carrier.call('fill', { count, bytes });
    return await run(carrier);
  } finally {
    await carrier.stop();
  }
}

async function minimalCapture(carrier: Carrier): Promise<number> {
  const loop = await startProcess<MinimalCaptureCommands>('minimal-capture');
  try {
    return await loop.call('capture', { links: await carrier.call('links'), inFlight });
  } finally {
    await loop.stop();
  }
}

/** Everything is announced while the channels are paused; the time runs from the moment their tokens are right. */
async function gatewayCapture(plan: Plan, carrier: Carrier, count: number): Promise<number> {
  const rig = await startGatewayRig({
    engine: plan.engine,
    flags: plan.flags,
    carrier: await carrier.call('origin'),
    tokens: false,
  });
  try {
    await carrier.call('announce', { url: rig.intakeUrl, inFlight: 32 });
    const began = performance.now();
    await rig.giveTokens();
    await rig.process.call('done', { what: 'stored', count });
    return (performance.now() - began) / 1000;
  } finally {
    await rig.close();
  }
}
