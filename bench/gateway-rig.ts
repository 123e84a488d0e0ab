// A gateway in a process of its own, set up over its API: one app, and a channel for each number of the carrier.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appSecret, carrierNumbers } from './carrier-numbers.ts';
import type { Engine } from './engine.ts';
import { type Process, startProcess } from './process.ts';
import type { GatewayCommands } from './processes/gateway.ts';

const adminKey = 'the-administrators-key-of-the-bench';

export type GatewayRig = {
  /** The process; another one after a restart. */
  readonly process: Process<GatewayCommands>;
  readonly url: string;
  readonly intakeUrl: string;
  /** The data folder. */
  folder: string;
  /** What its environment says of the database. */
  database: Record<string, string>;
  /** Gives the channels the tokens that the carrier takes, once all are paused, so that their captures begin. */
  giveTokens(): Promise<void>;
  /** Links to the newest stored media. */
  links(count: number): Promise<string[]>;
  restart(): Promise<void>;
  /** Stops the gateway, lets something be done to its folder, and starts it again. */
  whileStopped(change: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
};

export type RigOptions = {
  engine: Engine;
  /** Origin of the carrier. */
  carrier: string;
  /** Where news of messages are delivered. */
  receiver?: string;
  /** Without them the carrier refuses the first captures, the channels pause, and what is announced waits. */
  tokens: boolean;
  /** Flags of the gateway's process, such as those of the profiler. */
  flags?: readonly string[];
};

export async function startGatewayRig(options: RigOptions): Promise<GatewayRig> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-bench-'));
  const database = await options.engine.database();
  const env = {
    MEDIADOCK_PORT: '0',
    MEDIADOCK_DATA_DIR: folder,
    MEDIADOCK_ADMIN_KEY: adminKey,
    MEDIADOCK_RATE_PER_MINUTE: '0',
    MEDIADOCK_RATE_BURST_PER_SECOND: '0',
    MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
    ...database.env,
  };
  const start = () => startProcess<GatewayCommands>('gateway', { env, flags: options.flags ?? [] });
  let process = await start();
  let url = await process.call('url');

  async function call<Body>(method: string, path: string, body?: object): Promise<Body> {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Body;
  }
  type Made = { id: string };

  const app = await call<Made>('POST', '/api/v1/apps', { name: 'Bench', deliver_within_seconds: 86_400 });
  const connection = await call<Made>('POST', '/api/v1/connections', {
    carrier: 'whatsapp-cloud',
    name: 'Bench',
    app_secret: appSecret,
    verify_token: 'verify',
    graph_url: options.carrier,
  });
  const channels: Made[] = [];
  for (const { phoneNumberId, display, accessToken } of carrierNumbers) {
    channels.push(
      await call<Made>('POST', '/api/v1/channels', {
        app_id: app.id,
        connection_id: connection.id,
        address: phoneNumberId,
        display: `+${display}`,
        access_token: options.tokens ? accessToken : 'none-yet',
      }),
    );
  }
  if (options.receiver !== undefined) {
    const endpoint = { url: options.receiver, events: ['message.received'] };
    await call('POST', `/api/v1/apps/${app.id}/endpoints`, endpoint);
  }

  async function whileStopped(change: () => Promise<void>): Promise<void> {
    await process.stop();
    await change();
    process = await start();
    url = await process.call('url');
  }

  return {
    folder,
    database: database.env,
    get process() {
      return process;
    },
    get url() {
      return url;
    },
    get intakeUrl() {
      return `${url}/in/${connection.id}`;
    },
    async giveTokens() {
      // A capture that still runs under the former token would pause its channel again.
      for (let paused = 0; paused < channels.length; ) {
        const { data } = await call<{ data: { state: string }[] }>('GET', '/api/v1/channels');
        paused = data.filter(({ state }) => state === 'paused').length;
      }
      for (const [place, { accessToken }] of carrierNumbers.entries()) {
        await call('PATCH', `/api/v1/channels/${channels[place]?.id}`, { access_token: accessToken });
      }
    },
    async links(count) {
      const links: string[] = [];
      for (let cursor: string | null = ''; cursor !== null && links.length < count; ) {
        const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page: { data: { url: string }[]; next: string | null } = await call(
          'GET',
          `/api/v1/media?state=stored&limit=100${after}`,
        );
        links.push(...page.data.map((media) => media.url));
        cursor = page.next;
      }
      return links.slice(0, count);
    },
    restart: () => whileStopped(async () => {}),
    whileStopped,
    async close() {
      await process.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
