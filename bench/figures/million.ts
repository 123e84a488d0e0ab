// Intake and delivery with a million messages stored, beside the same on an empty database. The files of intake wait, as in
// the figures of intake; delivery is from the carrier's webhook to the application's, with files of 20 KB.

import { appSecret, carrierNumbers } from '../carrier-numbers.ts';
import { type GatewayRig, startGatewayRig } from '../gateway-rig.ts';
import type { Plan } from '../plan.ts';
import { type Process, startProcess } from '../process.ts';
import type { CarrierCommands } from '../processes/carrier.ts';
import type { FillCommands } from '../processes/fill.ts';
import type { LoadCommands } from '../processes/load.ts';
import type { ReceiverCommands } from '../processes/receiver.ts';
import type { Figure } from '../report.ts';
import { inTurns, median } from '../rounds.ts';

const phoneNumberIds = carrierNumbers.map(({ phoneNumberId }) => phoneNumberId);

type Line = { rig: GatewayRig; carrier: Process<CarrierCommands>; receiver: Process<ReceiverCommands> };

export async function millionFigures(plan: Plan): Promise<Figure[]> {
  const stored = plan.quick ? 50_000 : 1_000_000;
  const full = await openLine(plan);
  const empty = await openLine(plan);
  const load = await startProcess<LoadCommands>('load');
  try {
    await fill(full.rig, stored);
    // Delivery first: intake leaves captures waiting that would take its place.
    const deliveries = await inTurns(plan.rounds, {
      empty: () => deliver(empty, plan.quick ? 300 : 1500),
      full: () => deliver(full, plan.quick ? 300 : 1500),
    });
    for (const { carrier } of [empty, full]) await carrier.call('revoke');
    const intakes = await inTurns(plan.rounds, {
      empty: () => take(load, empty.rig, plan.seconds),
      full: () => take(load, full.rig, plan.seconds),
    });
    const beside = (name: string, runs: { empty: number[]; full: number[] }): Figure => ({
      name: `${name}, ${stored} messages stored`,
      value: median(runs.full),
      unit: 'messages/s',
      baseline: { name: 'empty', value: median(runs.empty) },
      target: { of: 'ratio', bound: 'at least', limit: 0.9 },
    });
    return [beside('intake', intakes), beside('delivery', deliveries)];
  } finally {
    await load.stop();
    for (const { rig, carrier, receiver } of [full, empty]) {
      await rig.close();
      await Promise.all([carrier.stop(), receiver.stop()]);
    }
  }
}

async function openLine(plan: Plan): Promise<Line> {
  const carrier = await startProcess<CarrierCommands>('carrier');
  const receiver = await startProcess<ReceiverCommands>('receiver');
  const rig = await startGatewayRig({
    engine: plan.engine,
    flags: plan.flags,
    carrier: await carrier.call('origin'),
    receiver: await receiver.call('url'),
    tokens: true,
  });
  return { rig, carrier, receiver };
}

async function fill(rig: GatewayRig, count: number): Promise<void> {
  const filler = await startProcess<FillCommands>('fill');
  try {
    await rig.whileStopped(async () => {
      await filler.call('fill', { folder: rig.folder, env: rig.database, count });
    });
  } finally {
    await filler.stop();
  }
}

async function deliver({ rig, carrier, receiver }: Line, count: number): Promise<number> {
  await carrier.call('clear');
  await carrier.call('fill', { count, bytes: 20_000 });
  await receiver.call('take');
  const began = performance.now();
  const announced = carrier.call('announce', { url: rig.intakeUrl, inFlight: 32 });
  await receiver.call('received', count);
  const seconds = (performance.now() - began) / 1000;
  await announced;
  return count / seconds;
}

async function take(load: Process<LoadCommands>, rig: GatewayRig, seconds: number): Promise<number> {
  const asked = { url: rig.intakeUrl, inFlight: 32, messages: 1, seconds, phoneNumberIds, appSecret };
  return (await load.call('webhooks', asked)).perSecond;
}
