// How much one app's backlog costs another: the time from webhook to delivery of a quiet app, alone and beside each kind of
// crowd. Every process of the world has the same two cores to share, so the figures are of the whole machine.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Backlog } from '../../src/core/records.ts';
import { startReceiver } from '../../src/sandbox/receiver.ts';
import { startFlags } from '../../tools/start-flags.ts';
import type { Body } from '../journeys/rig.ts';
import { startCarrier } from './carrier-process.ts';
import type { Wanted, Webhook } from './carriers/torture-carrier.ts';
import { startChild } from './child.ts';
import { diskAtRest } from './disk-at-rest.ts';

export type FairnessOptions = {
  /** Captures, or deliveries, that the other app has waiting. */
  backlog: number;
  /** Messages of the quiet app for each figure, and how many a second. */
  messages: number;
  perSecond: number;
  databaseUrl: string | undefined;
  onStep?: (step: string) => void;
};

export type Figure = {
  beside: 'nobody' | 'a backlog of captures' | 'a backlog of deliveries' | 'an endpoint that hangs';
  p50: number;
  p95: number;
  /** What was left of the backlog when the last message was delivered: the crowd outlasted the figure. */
  left: number;
};

const adminKey = 'an-administrators-key-for-torture';
const perWebhook = 50;
const deliveryLimitMs = 60_000;

/** Measures the quiet app beside each crowd, and alone before each. @throws when a message is not delivered */
export async function fairness(options: FairnessOptions): Promise<{ alone: Figure; beside: Figure; ratio: number }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-fairness-'));
  const say = options.onStep ?? (() => {});
  const atRest = await diskAtRest(folder);
  const carrier = await startCarrier('whatsapp', join(folder, 'carrier'));
  const crowd = startChild('./crowd.ts', {});
  const settings = {
    MEDIADOCK_PORT: '0',
    MEDIADOCK_DATA_DIR: join(folder, 'data'),
    MEDIADOCK_ADMIN_KEY: adminKey,
    MEDIADOCK_RATE_PER_MINUTE: '0',
    MEDIADOCK_RATE_BURST_PER_SECOND: '0',
    MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
    MEDIADOCK_LOG_LEVEL: 'error',
    ...(options.databaseUrl !== undefined && { MEDIADOCK_DATABASE_URL: options.databaseUrl }),
  };
  const server = startChild('./server.ts', settings, startFlags());
  const receiver = await startReceiver({ clock: { now: () => Date.now() } });
  const children = [crowd, server];
  try {
    const [{ url: crowdUrl }, { url }] = (await Promise.all(children.map(({ ready }) => ready))) as [
      { url: string },
      { url: string },
    ];
    const call = async (method: string, path: string, body: object): Promise<Body> => {
      const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
      const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return await answer.json();
    };
    const connection = await call('POST', '/api/v1/connections', carrier.connection);

    /** @param wrong what its channel has that its carrier refuses */
    async function tenant(name: string, receiverUrl: string, wrong = {}) {
      const app = await call('POST', '/api/v1/apps', { name });
      const right = await carrier.newChannel();
      const settings = { app_id: app.id, connection_id: connection.id, ...right, ...wrong };
      const channel = await call('POST', '/api/v1/channels', settings);
      const endpoint = await call('POST', `/api/v1/apps/${app.id}/endpoints`, { url: receiverUrl });
      return {
        address: right.address,
        accessToken: right['access_token'],
        channel: channel.id,
        endpoint: `/api/v1/apps/${app.id}/endpoints/${endpoint.id}`,
      };
    }
    async function webhook(address: string, wanted: Wanted[]): Promise<Webhook> {
      const [one] = await carrier.webhooks(connection.intake_url, address, wanted);
      if (one === undefined) throw new Error('the carrier composed no webhook');
      return one;
    }
    const post = async ({ body, headers }: Webhook): Promise<void> => {
      const answer = await fetch(connection.intake_url, { method: 'POST', headers, body: Buffer.from(body, 'base64') });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`a webhook was answered with ${answer.status}`);
    };
    const backlog = async () => (await server.ask('backlog')) as Backlog;

    const quiet = await tenant('Quiet', receiver.url);
    let made = 0;
    /** One of a thousand, of which no two are the same: more would keep the disk busy on behalf of the carrier. */
    const nextFile = () => ({ seed: `file ${++made % 1000}`, size: 20_000 });

    async function measure(beside: Figure['beside'], left: () => Promise<number>): Promise<Figure> {
      const took: number[] = [];
      const everyMs = 1000 / options.perSecond;
      const began = performance.now();
      await Promise.all(
        Array.from({ length: options.messages }, async (_, at) => {
          const message = await webhook(quiet.address, [{ files: [nextFile()] }]);
          const id = message.messages[0]?.id;
          await pause(Math.max(0, began + (at + 1) * everyMs + 500 - performance.now()));
          const posted = performance.now();
          // With its file, or when the file is there.
          const heard = receiver
            .next(({ json }) => {
              const { type, data } = json as Body;
              return type === 'message.received' && data.message.carrier_message_id === id;
            }, AbortSignal.timeout(deliveryLimitMs))
            .then(({ json }) => {
              took.push(performance.now() - posted);
              if ((json as Body).data.message.media[0].state !== 'stored')
                throw new Error('delivered without its file');
            });
          await Promise.all([post(message), heard]);
        }),
      );
      took.sort((one, other) => one - other);
      const at = (share: number) => Math.round((took[Math.ceil(took.length * share) - 1] ?? 0) * 10) / 10;
      return { beside, p50: at(0.5), p95: at(0.95), left: await left() };
    }

    /** Fills an app's backlog. */
    async function fill(address: string, wanted: () => Wanted): Promise<void> {
      for (let left = options.backlog; left > 0; left -= perWebhook)
        await post(await webhook(address, Array.from({ length: Math.min(perWebhook, left) }, wanted)));
    }
    const idle = async () => {
      for (;;) {
        const { captures, deliveries } = await backlog();
        if (captures.ready + captures.running + deliveries.ready + deliveries.running === 0) return;
        await pause(500);
      }
    };

    const results: { alone: Figure; beside: Figure; ratio: number }[] = [];
    async function compare(beside: Figure['beside'], rush: () => Promise<void>, left: () => Promise<number>) {
      await atRest();
      say('the quiet app alone');
      const alone = await measure('nobody', async () => 0);
      await rush();
      say(`the quiet app beside ${beside}`);
      const with_ = await measure(beside, left);
      results.push({ alone, beside: with_, ratio: Math.round((with_.p95 / alone.p95) * 100) / 100 });
    }

    // Warm: code, connections, pages.
    await measure('nobody', async () => 0);

    say(`${options.backlog} captures pile up`);
    const capturing = await tenant('Captures', crowdUrl, { access_token: 'a-wrong-token' });
    await fill(capturing.address, () => ({ files: [nextFile()] }));
    await compare(
      'a backlog of captures',
      () => call('PATCH', `/api/v1/channels/${capturing.channel}`, { access_token: capturing.accessToken }),
      async () => (await backlog()).captures.ready,
    );
    say('the backlog is worked off');
    await idle();

    say(`${options.backlog} deliveries pile up`);
    const delivering = await tenant('Deliveries', crowdUrl);
    await call('PATCH', delivering.endpoint, { state: 'paused' });
    await fill(delivering.address, () => ({ files: [] }));
    await compare(
      'a backlog of deliveries',
      () => call('PATCH', delivering.endpoint, { state: 'active' }),
      async () => (await backlog()).deliveries.ready,
    );
    say('the backlog is worked off');
    await idle();

    const hanging = await tenant('Hangs', crowdUrl);
    await call('PATCH', hanging.endpoint, { state: 'paused' });
    await fill(hanging.address, () => ({ files: [] }));
    await compare(
      'an endpoint that hangs',
      async () => {
        await crowd.ask('hang', true);
        await call('PATCH', hanging.endpoint, { state: 'active' });
      },
      async () => (await backlog()).deliveries.ready,
    );
    return results;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([...children.map(({ exited }) => exited), carrier.close(), receiver.close()]);
    await rm(folder, { recursive: true, force: true });
  }
}
