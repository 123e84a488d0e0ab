// The carriers that the sandbox simulates besides WhatsApp. Each listens from the start, because the guard is told once which
// addresses are ours, and gets a connection and a channel in the sandbox's app when something is first sent through it.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from './core/ids.ts';
import type { SandboxDesk } from './core/sandbox-desk.ts';
import type { Gateway } from './gateway.ts';
import { simulatedRcs } from './sandbox/rcs/simulated.ts';
import type { SimulatedCarrier } from './sandbox/simulated-carrier.ts';
import { simulatedTwilio } from './sandbox/twilio/simulated.ts';

/** How each is started, by its name. @param secret what signs its webhooks */
const starts: Record<string, (clock: Clock, folder: string, secret: string) => Promise<SimulatedCarrier>> = {
  rcs: simulatedRcs,
  twilio: simulatedTwilio,
};

/** What must outlive a restart, by the carrier's name. */
export type KeptCarriers = Record<string, { secret: string; connection?: string }>;

export type SimulatedCarriers = {
  readonly origins: readonly string[];
  /** Says where they are at this start, and gives their desks by name. @param app the sandbox's */
  attach(gateway: Gateway, app: string): Promise<ReadonlyMap<string, SandboxDesk>>;
  close(): Promise<void>;
};

/**
 * @param kept is changed where something is made
 * @param keep writes it down
 */
export async function openSimulatedCarriers(
  clock: Clock,
  folder: string,
  kept: KeptCarriers,
  keep: () => Promise<void>,
): Promise<SimulatedCarriers> {
  const carriers = await Promise.all(
    Object.entries(starts).map(([name, start]) => {
      kept[name] ??= { secret: randomBytes(16).toString('hex') };
      return start(clock, join(folder, name), kept[name].secret);
    }),
  );

  async function deskOf(carrier: SimulatedCarrier, gateway: Gateway, app: string): Promise<SandboxDesk> {
    const known = kept[carrier.name]?.connection;
    const isThere = known !== undefined && (await gateway.records.connection({ id: known })) !== undefined;
    if (isThere) await gateway.administration.updateConnection(known, carrier.connection.addresses);
    const make = async (): Promise<string> => {
      const made = await connect(gateway, carrier, app);
      Object.assign(kept[carrier.name] ?? {}, { connection: made });
      await keep();
      return made;
    };
    let connection = isThere ? Promise.resolve<string>(known) : undefined;
    return {
      async send(message, signal) {
        // Who sends at the same time waits for the same connection; one that could not be made is tried again.
        connection ??= make().catch((error: unknown) => {
          connection = undefined;
          throw error;
        });
        return await carrier.send(`${gateway.url}/in/${await connection}`, message, signal);
      },
    };
  }

  return {
    origins: carriers.flatMap(({ origins }) => origins),
    async attach(gateway, app) {
      const desks = new Map<string, SandboxDesk>();
      for (const carrier of carriers) desks.set(carrier.name, await deskOf(carrier, gateway, app));
      return desks;
    },
    async close() {
      await Promise.all(carriers.map((carrier) => carrier.close()));
    },
  };
}

/** @returns the id of the connection */
async function connect({ administration }: Gateway, carrier: SimulatedCarrier, app: string): Promise<string> {
  const { lasting, addresses } = carrier.connection;
  const settings = { carrier: carrier.name, name: 'Sandbox', ...lasting, ...addresses };
  const { id } = await administration.createConnection(settings);
  await administration.createChannel({ kind: 'instance' }, { app_id: app, connection_id: id, ...carrier.channel });
  return id;
}
