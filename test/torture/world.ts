// A gateway that dies, between a carrier and an application that do not: the processes, the requests, and the moved clock.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import type { Body } from '../journeys/rig.ts';
import type { Number_, Wanted, Webhook } from './carrier.ts';
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
  carrier: { webhook(phoneNumberId: string, wanted: Wanted[]): Promise<Webhook>; cutOnce(): Promise<void> };
  /** The channel that lives as long as the world. */
  address: string;
  /** Starts the gateway; it is ready, or dead already. */
  start(failpoint?: string): Child;
  /** Moves the clock of this and every later gateway. */
  advance(ms: number): Promise<void>;
  /** A request to the gateway that is alive; undefined: nobody answered. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body } | undefined>;
  /** Posts a webhook as its carrier does; null: nobody answered. */
  post(webhook: Webhook): Promise<number | null>;
  /** Sets up another channel with a number of its own. @returns its id and address; undefined: nobody answered */
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
const appSecret = 'torture_app_secret';
const requestLimitMs = 15_000;

/** @param databaseUrl of an empty database; undefined: SQLite in the data folder */
export async function openWorld(chance: Chance, databaseUrl: string | undefined): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-torture-'));
  const origin = `http://127.0.0.1:${await freePort()}`;
  const ledger = newLedger();
  const surprises: string[] = [];
  const carrier = startChild('./carrier.ts', { TORTURE_FOLDER: join(folder, 'carrier') });
  const { origin: carrierOrigin } = (await carrier.ready) as { origin: string };
  const receiver = await startReceiver({ clock: { now: () => Date.now() } });
  let server: Child | undefined;
  let ahead = 0;
  let numbers = 0;
  let connectionId = '';
  let appId = '';

  const start: World['start'] = (failpoint) => {
    server = startChild('./server.ts', {
      MEDIADOCK_PORT: new URL(origin).port,
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

  async function newNumber(): Promise<Number_> {
    const number = ++numbers;
    const added: Number_ = {
      phoneNumberId: String(106_540_352_000_000 + number),
      display: String(15_550_000_000 + number),
      accessToken: `EAAG-token-${number}`,
      appSecret,
    };
    await carrier.ask('addNumber', added);
    return added;
  }
  const channelOf = ({ phoneNumberId, display, accessToken }: Number_) => ({
    app_id: appId,
    connection_id: connectionId,
    address: phoneNumberId,
    display: `+${display}`,
    access_token: accessToken,
  });

  const world: World = {
    folder,
    chance,
    ledger,
    surprises,
    address: '',
    carrier: {
      webhook: async (phoneNumberId, wanted) => (await carrier.ask('webhook', { phoneNumberId, wanted })) as Webhook,
      cutOnce: async () => void (await carrier.ask('cutOnce')),
    },
    start,
    async advance(ms) {
      ahead += ms;
      await server?.ask('advance', ms).catch(() => {});
    },
    call,
    async post({ body, signature }) {
      try {
        const answer = await fetch(`${origin}/in/${connectionId}`, {
          method: 'POST',
          signal: AbortSignal.timeout(requestLimitMs),
          headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
          body: Buffer.from(body, 'base64'),
        });
        await answer.arrayBuffer();
        return answer.status;
      } catch {
        return null;
      }
    },
    async addChannel() {
      const number = await newNumber();
      const answer = await call('POST', '/api/v1/channels', channelOf(number));
      return answer?.status === 201 ? { id: answer.body.id, address: number.phoneNumberId } : undefined;
    },
    async calm() {
      await carrier.ask('calm');
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
      carrier.kill('SIGKILL');
      await Promise.all([server?.exited, carrier.exited, receiver.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };

  try {
    await start().ready;
    const connection = await made('/api/v1/connections', {
      carrier: 'whatsapp-cloud',
      name: 'Meta',
      app_secret: appSecret,
      verify_token: 'meatyhamhock',
      graph_url: carrierOrigin,
    });
    connectionId = connection.id;
    appId = (await made('/api/v1/apps', { name: 'Tortured' })).id;
    const number = await newNumber();
    await made('/api/v1/channels', channelOf(number));
    world.address = number.phoneNumberId;
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

async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer().once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(address)));
  });
  return await promise;
}
