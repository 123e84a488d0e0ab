// A gateway that dies, between a carrier and an application that do not: the processes, the requests, and the moved clock.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import type { Body } from '../journeys/rig.ts';
import { freePort } from '../servers/free-port.ts';
import { type CarrierProcess, startCarrier } from './carrier-process.ts';
import type { CarrierName } from './carriers/registry.ts';
import type { Wanted, Webhook } from './carriers/torture-carrier.ts';
import type { Chance } from './chance.ts';
import { type Child, startChild } from './child.ts';
import { type Ledger, newLedger } from './ledger.ts';
import type { Asks } from './server.ts';

export type World = {
  folder: string;
  chance: Chance;
  ledger: Ledger;
  /** What should never have happened, in words. */
  surprises: string[];
  carrier: CarrierProcess;
  /** The channel that lives as long as the world. */
  address: string;
  /** Starts the gateway; it is ready, or dead already. */
  start(failpoint?: string): Child;
  /** Moves the clock of this and every later gateway. */
  advance(ms: number): Promise<void>;
  /** A request to the gateway that is alive; undefined: nobody answered. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body } | undefined>;
  /** What the carrier would post of messages to an address. */
  webhooks(address: string, wanted: readonly Wanted[]): Promise<Webhook[]>;
  /** Posts a webhook as its carrier does; null: nobody answered. */
  post(webhook: Webhook): Promise<number | null>;
  /** Sets up another channel with an address of its own. @returns its id and address; undefined: nobody answered */
  addChannel(): Promise<{ id: string; address: string } | undefined>;
  /** Carrier and application fail no more. */
  calm(): Promise<void>;
  /** One round of ageing; nothing happens where the gateway is dead. */
  sweep(): Promise<void>;
  /** Asks the gateway that is alive. */
  ask<What extends keyof Asks>(what: What): Promise<Asks[What]>;
  /** Kills the gateway that is alive. */
  kill(): Promise<void>;
  close(): Promise<void>;
};

const adminKey = 'an-administrators-key-for-torture';
// A busy machine is slow; a gateway that hangs is slower.
const requestLimitMs = 60_000;

/** @param databaseUrl of an empty database; undefined: SQLite in the data folder */
export async function openWorld(
  chance: Chance,
  carrierName: CarrierName,
  databaseUrl: string | undefined,
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-torture-'));
  const origin = `http://127.0.0.1:${await freePort()}`;
  const ledger = newLedger();
  const surprises: string[] = [];
  const carrier = await startCarrier(carrierName, join(folder, 'carrier'));
  const receiver = await startReceiver({ clock: { now: () => Date.now() } });
  let server: Child | undefined;
  let ahead = 0;
  let intakeUrl = '';
  let appId = '';
  let connectionId = '';

  const start: World['start'] = (failpoint) => {
    server = startChild('./server.ts', {
      MEDIADOCK_PORT: new URL(origin).port,
      // What carriers sign.
      MEDIADOCK_PUBLIC_URL: origin,
      MEDIADOCK_DATA_DIR: join(folder, 'data'),
      MEDIADOCK_ADMIN_KEY: adminKey,
      MEDIADOCK_RATE_PER_MINUTE: '0',
      MEDIADOCK_RATE_BURST_PER_SECOND: '0',
      MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
      MEDIADOCK_LOG_LEVEL: 'error',
      // Longer than the clock is ever moved.
      MEDIADOCK_LINK_SECONDS: String(300 * 86_400),
      TORTURE_AHEAD_MS: String(ahead),
      ...(databaseUrl !== undefined && { MEDIADOCK_DATABASE_URL: databaseUrl }),
      ...(failpoint !== undefined && { MEDIADOCK_FAILPOINTS: failpoint, MEDIADOCK_FAILPOINTS_ALLOWED: '1' }),
    });
    return server;
  };
  const alive = (): Child => {
    if (server === undefined) throw new Error('no gateway was started');
    return server;
  };

  const call: World['call'] = async (method, path, body) => {
    try {
      const answer = await fetch(origin + path, {
        method,
        signal: AbortSignal.timeout(requestLimitMs),
        headers: {
          authorization: `Bearer ${adminKey}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (answer.status >= 500 && answer.status !== 503) surprises.push(`${method} ${path}: ${answer.status} ${text}`);
      return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
    } catch (error) {
      if (error instanceof DOMException) surprises.push(`${method} ${path}: no answer in ${requestLimitMs} ms`);
      return undefined;
    }
  };
  const made = async (path: string, body: unknown): Promise<Body> => {
    const answer = await call('POST', path, body);
    if (answer?.status !== 201) throw new Error(`POST ${path}: ${JSON.stringify(answer)}`);
    return answer.body;
  };

  const newChannel = async () => ({ app_id: appId, connection_id: connectionId, ...(await carrier.newChannel()) });

  const world: World = {
    folder,
    chance,
    ledger,
    surprises,
    address: '',
    carrier,
    start,
    async advance(ms) {
      ahead += ms;
      await server?.ask('advance', ms).catch(() => {});
    },
    call,
    webhooks: (address, wanted) => carrier.webhooks(intakeUrl, address, wanted),
    async post({ body, headers }) {
      try {
        const answer = await fetch(intakeUrl, {
          method: 'POST',
          signal: AbortSignal.timeout(requestLimitMs),
          headers,
          body: Buffer.from(body, 'base64'),
        });
        await answer.arrayBuffer();
        return answer.status;
      } catch {
        return null;
      }
    },
    async addChannel() {
      const answer = await call('POST', '/api/v1/channels', await newChannel());
      return answer?.status === 201 ? { id: answer.body.id, address: answer.body.address } : undefined;
    },
    async calm() {
      await carrier.calm();
      receiver.answer((received) => {
        ledger.hear(received);
        return 200;
      });
    },
    sweep: async () => void (await server?.ask('sweep').catch(() => {})),
    ask: async (what) => (await alive().ask(what)) as never,
    async kill() {
      server?.kill('SIGKILL');
      await server?.exited;
    },
    async close() {
      server?.kill('SIGKILL');
      await Promise.all([server?.exited, carrier.close(), receiver.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };

  try {
    await start().ready;
    const connection = await made('/api/v1/connections', carrier.connection);
    connectionId = connection.id;
    intakeUrl = connection.intake_url;
    appId = (await made('/api/v1/apps', { name: 'Tortured' })).id;
    world.address = (await made('/api/v1/channels', await newChannel())).address;
    await made(`/api/v1/apps/${appId}/endpoints`, { url: receiver.url });
    makeFlaky(receiver, world);
    return world;
  } catch (error) {
    await world.close();
    throw error;
  }
}

/** Some answers are 500, some are none, some are late; only what is answered with 200 was heard. */
function makeFlaky(receiver: Receiver, { chance, ledger }: World): void {
  receiver.answer(async (received) => {
    if (chance.hits(0.12)) return 500;
    if (chance.hits(0.04)) return 'reset';
    if (chance.hits(0.05)) await pause(chance.whole(100, 800));
    ledger.hear(received);
    return 200;
  });
}
