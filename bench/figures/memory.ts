// How much more memory the gateway takes while 100 webhooks announce files of 16 MB at once, above what it took after it had
// captured some files before. The baseline is the same for the minimal loop, 16 at once as the gateway.

import { startGatewayRig } from '../gateway-rig.ts';
import type { Plan } from '../plan.ts';
import { startProcess } from '../process.ts';
import type { CarrierCommands } from '../processes/carrier.ts';
import type { MinimalCaptureCommands } from '../processes/minimal-capture.ts';
import type { Figure } from '../report.ts';
import { residentBytes, watchResident } from '../resident.ts';
import { inTurns, median } from '../rounds.ts';

const bytes = 16_000_000;
const warmUp = { count: 200, bytes: 20_000 };
const mebibyte = 1024 * 1024;

export async function memoryFigures(plan: Plan): Promise<Figure[]> {
  const count = plan.quick ? 30 : 100;
  const growth = await inTurns(plan.rounds, {
    minimal: () => minimalGrowth(count),
    gateway: () => gatewayGrowth(plan, count),
  });
  return [
    {
      name: `memory, growth while ${count} files of 16 MB arrive`,
      value: median(growth.gateway) / mebibyte,
      unit: 'MiB',
      baseline: { name: 'MiB, minimal loop', value: median(growth.minimal) / mebibyte },
      target: { of: 'value', bound: 'at most', limit: 60 },
    },
  ];
}

async function gatewayGrowth(plan: Plan, count: number): Promise<number> {
  const carrier = await startProcess<CarrierCommands>('carrier');
  const rig = await startGatewayRig({
    engine: plan.engine,
    flags: plan.flags,
    carrier: await carrier.call('origin'),
    tokens: true,
  });
  try {
    await carrier.call('fill', warmUp);
    await carrier.call('announce', { url: rig.intakeUrl, inFlight: 32 });
    await rig.process.call('done', { what: 'stored', count: warmUp.count });
    await carrier.call('clear');
    await carrier.call('fill', { count, bytes });
    const before = await residentBytes(rig.process.pid);
    const most = watchResident(rig.process.pid);
    await carrier.call('announce', { url: rig.intakeUrl, inFlight: count });
    await rig.process.call('done', { what: 'stored', count: warmUp.count + count });
    return (await most()) - before;
  } finally {
    await rig.close();
    await carrier.stop();
  }
}

async function minimalGrowth(count: number): Promise<number> {
  const carrier = await startProcess<CarrierCommands>('carrier');
  const loop = await startProcess<MinimalCaptureCommands>('minimal-capture');
  try {
    await carrier.call('fill', warmUp);
    await loop.call('capture', { links: await carrier.call('links'), inFlight: 16 });
    await carrier.call('clear');
    await carrier.call('fill', { count, bytes });
    const before = await residentBytes(loop.pid);
    const most = watchResident(loop.pid);
    await loop.call('capture', { links: await carrier.call('links'), inFlight: 16 });
    return (await most()) - before;
  } finally {
    await loop.stop();
    await carrier.stop();
  }
}
