// From the carrier's webhook to the application's: files of 250 KB, with carrier, gateway and receiver in processes of their
// own. First as many as go through, then 100 a second whether the former are through or not.

import { type GatewayRig, startGatewayRig } from '../gateway-rig.ts';
import type { Plan } from '../plan.ts';
import { type Process, startProcess } from '../process.ts';
import type { CarrierCommands } from '../processes/carrier.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import { percentiles } from '../raw-client.ts';
import type { Figure } from '../report.ts';
import { inTurns, median } from '../rounds.ts';

const bytes = 250_000;
const steadily = 100;
const warmUp = 100;

type Line = { carrier: Process<CarrierCommands>; receiver: Process<ReceiverCommands>; rig: GatewayRig };

export async function endToEndFigures(plan: Plan): Promise<Figure[]> {
  const { most, steady } = await inTurns(plan.rounds, {
    most: () => withLine(plan, plan.quick ? 400 : 2000, mostOf),
    steady: () => withLine(plan, steadily * (plan.quick ? 5 : 15), steadyOf),
  });
  return [
    {
      name: 'end to end, 250 KB',
      value: median(most.map(({ perSecond }) => perSecond)),
      unit: 'messages/s',
      target: { of: 'value', bound: 'at least', limit: 150 },
    },
    {
      name: 'end to end, 250 KB, p50 at 100/s',
      value: median(steady.map(({ p50 }) => p50)),
      unit: 'ms',
    },
    {
      name: 'end to end, 250 KB, p99 at 100/s',
      value: median(steady.map(({ p99 }) => p99)),
      unit: 'ms',
      target: { of: 'value', bound: 'at most', limit: 100 },
    },
  ];
}

type Seen = { perSecond: number; p50: number; p99: number };

/** Carrier, gateway and receiver of one run, warmed up by some messages. */
async function withLine(plan: Plan, count: number, run: (line: Line, count: number) => Promise<Seen>): Promise<Seen> {
  const carrier = await startProcess<CarrierCommands>('carrier');
  const receiver = await startProcess<ReceiverCommands>('receiver');
  const rig = await startGatewayRig({
    engine: plan.engine,
    flags: plan.flags,
    carrier: await carrier.call('origin'),
    receiver: await receiver.call('url'),
    tokens: true,
  });
  try {
    await carrier.call('fill', { count: warmUp, bytes });
    await carrier.call('announce', { url: rig.intakeUrl, inFlight: 16 });
    await receiver.call('received', warmUp);
    await receiver.call('take');
    await carrier.call('clear');
    await carrier.call('fill', { count, bytes });
    return await run({ carrier, receiver, rig }, count);
  } finally {
    await rig.close();
    await Promise.all([receiver.stop(), carrier.stop()]);
  }
}

async function mostOf({ carrier, receiver, rig }: Line, count: number): Promise<Seen> {
  const began = performance.now();
  const announced = carrier.call('announce', { url: rig.intakeUrl, inFlight: 32 });
  await receiver.call('received', count);
  const seconds = (performance.now() - began) / 1000;
  await announced;
  return { perSecond: count / seconds, p50: Number.NaN, p99: Number.NaN };
}

async function steadyOf({ carrier, receiver, rig }: Line, count: number): Promise<Seen> {
  const due = await carrier.call('announceSteadily', { url: rig.intakeUrl, perSecond: steadily });
  await receiver.call('received', count);
  const arrivals = await receiver.call('take');
  const waits = [...due].map(([id, at]) => (arrivals.get(id) ?? Number.POSITIVE_INFINITY) - at);
  return { perSecond: steadily, ...percentiles(waits) };
}
