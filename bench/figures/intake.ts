// Webhooks per second, and how long a carrier waits for its answer. Nothing is captured or delivered meanwhile: the channels
// are paused, and what is due later waits.

import { appSecret, carrierNumbers } from '../carrier-numbers.ts';
import { startGatewayRig } from '../gateway-rig.ts';
import type { Plan } from '../plan.ts';
import { startProcess } from '../process.ts';
import type { IntakeCommands } from '../processes/bare-intake.ts';
import type { CarrierCommands } from '../processes/carrier.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { Driven } from '../raw-client.ts';
import type { Figure } from '../report.ts';
import { inTurns, median } from '../rounds.ts';

const shapes = [
  { name: '32 in flight', inFlight: 32, messages: 1 },
  { name: '128 in flight', inFlight: 128, messages: 1 },
  { name: '50 messages a request', inFlight: 32, messages: 50 },
] as const;

export async function intakeFigures(plan: Plan): Promise<Figure[]> {
  const carrier = await startProcess<CarrierCommands>('carrier');
  const origin = await carrier.call('origin');
  const rig = await startGatewayRig({
    engine: plan.engine,
    flags: plan.flags,
    carrier: origin,
    receiver: 'http://127.0.0.1:9/',
    tokens: false,
  });
  const bare = await startProcess<IntakeCommands>('bare-intake');
  const database = await plan.engine.database();
  const storing = await startProcess<IntakeCommands>('storing-intake', { env: database.env });
  const load = await startProcess<LoadCommands>('load');
  const phoneNumberIds = carrierNumbers.map(({ phoneNumberId }) => phoneNumberId);
  const urls = { gateway: rig.intakeUrl, bare: await bare.call('url'), storing: await storing.call('url') };

  const figures: Figure[] = [];
  try {
    for (const { name, inFlight, messages } of shapes) {
      const run = (url: string, seconds: number): Promise<Driven> =>
        load.call('webhooks', { url, inFlight, messages, seconds, phoneNumberIds, appSecret });
      for (const url of Object.values(urls)) await run(url, plan.warmUpSeconds);
      const runs = await inTurns(plan.rounds, {
        storing: () => run(urls.storing, plan.seconds),
        gateway: () => run(urls.gateway, plan.seconds),
        bare: () => run(urls.bare, plan.seconds),
      });
      const rate = (some: Driven[]) => median(some.map(({ perSecond }) => perSecond));
      const late = (some: Driven[]) => median(some.map(({ p99 }) => p99));
      const value = rate(runs.gateway);
      const single = messages === 1;
      figures.push(
        {
          name: `intake, ${name}`,
          value,
          unit: 'webhooks/s',
          baseline: { name: 'storing the same rows', value: rate(runs.storing) },
          ...(inFlight === 32 && { target: { of: 'ratio', bound: 'at least', limit: 0.7 } }),
        },
        {
          name: `intake, ${name}`,
          value,
          unit: 'webhooks/s',
          baseline: { name: 'storing nothing', value: rate(runs.bare) },
          ...(inFlight === 32 && single && { target: { of: 'ratio', bound: 'at least', limit: 0.25 } }),
        },
        {
          name: `intake, ${name}, p99`,
          value: late(runs.gateway),
          unit: 'ms',
          baseline: { name: 'ms, storing the same rows', value: late(runs.storing) },
          ...(inFlight === 128 && { target: { of: 'value', bound: 'at most', limit: 60 } }),
        },
      );
    }
  } finally {
    await Promise.all([load.stop(), storing.stop(), bare.stop(), rig.close()]);
    await Promise.all([carrier.stop(), database.drop()]);
  }
  return figures;
}
