// A gateway, put together once, by hand: what is opened here is closed here, in the opposite order.

import type { Config } from './config.ts';
import type { Records } from './core/records.ts';
import type { SandboxDesk } from './core/sandbox-desk.ts';
import { buildEdge } from './edge.ts';
import type { Administration } from './flows/administration.ts';
import { type GatewayOptions, openFoundation } from './foundation.ts';
import type { HeldSecret } from './held-secrets.ts';
import { startWork } from './work.ts';

export type { GatewayOptions };

export type Gateway = {
  /** Where it listens: `http://host:port`. */
  url: string;
  publicUrl: string;
  adminKey: HeldSecret;
  records: Records;
  administration: Administration;
  /** There may be work that became due: for a clock that was moved by hand. */
  wake(): void;
  /** One round of ageing, now. */
  sweep(): Promise<void>;
  /** Attaches the sandbox carrier to its route, once it runs. */
  useSandbox(desk: SandboxDesk): void;
  /** Takes nothing new, finishes what runs within `graceMs`, and closes. */
  close(graceMs?: number): Promise<void>;
};

const defaultGraceMs = 20_000;

/** @throws Error when the data folder is in use, the database is newer than the code, or the port is taken */
export async function startGateway(config: Config, options: GatewayOptions = {}): Promise<Gateway> {
  const foundation = await openFoundation(config, options);
  const work = await startWork(foundation);
  const { app, administration, useSandbox } = buildEdge(foundation, work);
  const { records, room, metrics, requester, adminKey, isAt, publicUrl } = foundation;

  async function close(graceMs = defaultGraceMs): Promise<void> {
    work.bell.stop();
    await app.close();
    await work.stop(graceMs);
    room.stop();
    metrics.close();
    await requester.close();
    await records.close();
  }

  try {
    const url = await app.listen({ host: config.host, port: config.port });
    isAt(url);
    work.wake();
    return {
      url,
      publicUrl: publicUrl(),
      adminKey,
      records,
      administration,
      wake: work.wake,
      sweep: work.sweeper.roundNow,
      useSandbox,
      close,
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}
