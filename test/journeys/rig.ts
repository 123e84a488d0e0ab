// A whole gateway over real HTTP, with the sandbox in the carrier's place and a receiver in the application's. Its clock runs
// with real time and can be moved forward; nobody sleeps: waits are for log lines, deliveries and requests to the carrier.
// A test that claims what has not happened yet, or to the second when something does, holds the clock first: otherwise it
// would say how fast this machine is.

import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, readConfig } from '../../src/config.ts';
import { isObject } from '../../src/core/json.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway.ts';
import { makeLog } from '../../src/log.ts';
import { type Received, type Receiver, startReceiver } from '../../src/sandbox/receiver.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { watchedList } from '../../src/sandbox/watched-list.ts';
import { checkAnswer, checkEvent } from '../http/checked-answer.ts';
import { testEngine } from './engine.ts';

export const adminKey = 'an-administrators-key-for-tests';

/** A file of `test/fixtures/media`. */
export const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/media/${name}`, import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: answers are JSON of many shapes; the claims in the tests are their types
export type Body = any;
export type Answer = { status: number; headers: Headers; body: Body; text: string };
export type LogLine = Record<string, unknown> & { msg: string };

/** One app with a key of its own, a number at the carrier, and an endpoint that hears everything. */
export type Tenant = {
  appId: string;
  key: string;
  channelId: string;
  phoneNumberId: string;
  display: string;
  accessToken: string;
  endpointId: string;
  secret: string;
  receiver: Receiver;
};

export type Rig = {
  config: Config;
  /** `hold`: from now on it stands still, and moves only when it is advanced. */
  clock: { now(): number; advance(ms: number): void; hold(): void };
  gateway: Gateway;
  sandbox: Sandbox;
  /** The connection that all tenants share. */
  connection: { id: string; intakeUrl: string; appSecret: string; verifyToken: string };
  /** Everything that was logged, and a way to wait for more. */
  log: { lines: readonly LogLine[]; next(fits: (line: LogLine) => boolean, signal?: AbortSignal): Promise<LogLine> };
  /** A request to the gateway; the administrator's unless another key is given (null: none). */
  call(method: string, path: string, body?: unknown, key?: string | null): Promise<Answer>;
  tenant(settings?: Record<string, unknown>): Promise<Tenant>;
  /** Sends files to a tenant as a person would; each is a webhook. */
  send(tenant: Tenant, files: Parameters<Sandbox['send']>[0]['files'], more?: object): ReturnType<Sandbox['send']>;
  /** Posts a body that `compose.body` made. */
  post(body: unknown, options?: object): ReturnType<Sandbox['post']>;
  /** Stops the gateway and starts it again on the same data folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

const appSecret = 'test_app_secret';
const verifyToken = 'meatyhamhock';

/** @param env settings beside those of the rig, by their names */
export async function startRig(
  env: Record<string, string> = {},
  options: Pick<GatewayOptions, 'tracing' | 'dialects'> = {},
): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-journey-'));
  let moved = 0;
  let heldAt: number | undefined;
  const clock = { now: () => (heldAt ?? Date.now()) + moved };
  const lines = watchedList<LogLine>(100_000);
  const log = makeLog('debug', { write: (line) => lines.add(JSON.parse(line)) });
  const engine = await testEngine();
  const config = readConfig(
    {
      MEDIADOCK_PORT: '0',
      MEDIADOCK_DATA_DIR: folder,
      MEDIADOCK_ADMIN_KEY: adminKey,
      MEDIADOCK_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
      // Tests ask faster than applications do.
      MEDIADOCK_RATE_PER_MINUTE: '0',
      MEDIADOCK_RATE_BURST_PER_SECOND: '0',
      ...engine.env,
      ...env,
    },
    () => '',
  );
  const sandbox = await startSandbox({ clock, folder: join(folder, 'carrier') });
  // The least jitter, so that a moved clock moves past every wait.
  const start = () => startGateway(config, { clock, log, chance: () => 0, ...options });
  let gateway = await start();
  const receivers: Receiver[] = [];

  const call: Rig['call'] = async (method, path, body, key = adminKey) => {
    const answer = await fetch(gateway.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const json = /json/.test(answer.headers.get('content-type') ?? '');
    const parsed = json && text !== '' ? JSON.parse(text) : undefined;
    checkAnswer(method, path, { status: answer.status, type: answer.headers.get('content-type'), json: parsed });
    return { status: answer.status, headers: answer.headers, text, body: parsed };
  };
  const made = async (path: string, body: unknown): Promise<Body> => {
    const answer = await call('POST', path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };

  const connection = await made('/api/v1/connections', {
    carrier: 'whatsapp-cloud',
    name: 'Meta',
    app_secret: appSecret,
    verify_token: verifyToken,
    graph_url: sandbox.origin,
  });
  const intakeUrl = () => `${gateway.url}/in/${connection.id}`;
  let numbers = 0;

  return {
    config,
    sandbox,
    call,
    log: { lines: lines.items, next: lines.next },
    clock: {
      now: clock.now,
      advance(ms) {
        moved += ms;
        gateway.wake();
      },
      hold() {
        heldAt ??= Date.now();
      },
    },
    get gateway() {
      return gateway;
    },
    get connection() {
      return { id: connection.id, intakeUrl: intakeUrl(), appSecret, verifyToken };
    },
    async tenant(settings = {}) {
      const number = ++numbers;
      const phoneNumberId = String(106_540_352_242_900 + number);
      const display = String(15_550_783_800 + number);
      const accessToken = `EAAG-token-of-number-${number}`;
      sandbox.addNumber({ phoneNumberId, display, accessToken, appSecret });
      const app = await made('/api/v1/apps', { name: `App ${number}`, ...settings });
      const { key } = await made(`/api/v1/apps/${app.id}/keys`, {
        name: 'all',
        permissions: ['read', 'send', 'manage'],
      });
      const channel = await made('/api/v1/channels', {
        app_id: app.id,
        connection_id: connection.id,
        address: phoneNumberId,
        display: `+${display}`,
        access_token: accessToken,
      });
      const secret = `whsec_${Buffer.alloc(32, number).toString('base64')}`;
      const receiver = await startReceiver({ clock, secret });
      receivers.push(receiver);
      const endpoint = await made(`/api/v1/apps/${app.id}/endpoints`, { url: receiver.url, secret });
      return {
        appId: app.id,
        key,
        channelId: channel.id,
        phoneNumberId,
        display,
        accessToken,
        endpointId: endpoint.id,
        secret,
        receiver,
      };
    },
    send: (tenant, files, more = {}) =>
      sandbox.send({ url: intakeUrl(), phoneNumberId: tenant.phoneNumberId, files, ...more }),
    post: (body, options = {}) => sandbox.post(intakeUrl(), sandbox.escape(body), { secret: appSecret, ...options }),
    async restart() {
      await gateway.close();
      gateway = await start();
    },
    async close() {
      await gateway.close(0);
      await Promise.all(receivers.map((receiver) => receiver.close()));
      await sandbox.close();
      await engine.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Got = { status: number; headers: IncomingHttpHeaders; bytes: Buffer; text: string };

/** A request exactly as given: other clients tidy an address up and add headers of their own. */
export function exact(
  origin: string,
  target: string,
  options: { method?: string; headers?: OutgoingHttpHeaders; body?: Uint8Array | string } = {},
): Promise<Got> {
  const { hostname, port } = new URL(origin);
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path: target, method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, text: bytes.toString() });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** The JSON of a delivery. */
export const eventOf = (received: Received): Body => {
  checkEvent(received.json);
  return received.json;
};

/** Whether a delivery is this event about the message with the carrier's id. */
export const about =
  (carrierMessageId: string, type = 'message.received') =>
  (received: Received): boolean => {
    const event = received.json;
    if (!isObject(event) || event['type'] !== type) return false;
    const data = event['data'];
    return isObject(data) && isObject(data['message']) && data['message']['carrier_message_id'] === carrierMessageId;
  };

/** The message of a delivery. */
export const messageOf = (received: Received): Body => eventOf(received).data.message;

export const sha256Of = async (body: ArrayBuffer): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', body)).toString('hex');

/** All events of a tenant after a cursor, oldest first, and the cursor behind them. */
export async function eventsAfter(
  rig: Rig,
  tenant: Tenant,
  cursor?: string,
): Promise<{ events: Body[]; next: string }> {
  const events: Body[] = [];
  for (let after = cursor; ; ) {
    const query = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
    const { body } = await rig.call('GET', `/api/v1/events?limit=200${query}`, undefined, tenant.key);
    if (body.data.length === 0) return { events, next: body.next };
    events.push(...body.data);
    after = body.next;
  }
}

/** A file of its own, made of a text. */
export async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

/** A person writes a text to a tenant. @returns the carrier's id of the message, once it is accepted */
export async function say(rig: Rig, tenant: Tenant, text = 'hello'): Promise<string> {
  const { compose } = rig.sandbox;
  const message = compose.message(compose.contents.text(text));
  const posted = await rig.post(compose.body([compose.received(tenant.phoneNumberId, [message])]));
  if (posted.status !== 200) throw new Error(`the webhook was answered with ${posted.status} ${posted.body}`);
  return message.id;
}

/** The newest delivery to an endpoint, by default to the tenant's own. */
export async function newestDelivery(rig: Rig, tenant: Tenant, endpointId = tenant.endpointId): Promise<Body> {
  const path = `/api/v1/deliveries?limit=1&endpoint_id=${endpointId}`;
  return (await rig.call('GET', path, undefined, tenant.key)).body.data[0];
}

/** Resolves when so many attempts of a delivery are over, and their outcome is recorded. */
export async function attempted(rig: Rig, deliveryId: string, times: number): Promise<LogLine> {
  let seen = 0;
  return await rig.log.next((line) => line.msg === 'delivery' && line['delivery'] === deliveryId && ++seen === times);
}
