// A client's side of the socket.

import { randomBytes } from 'node:crypto';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { isObject } from '../../core/json.ts';
import type { Target } from '../target.ts';

const mostMs = 30_000;

export type Frame = { [name: string]: unknown };

export type Client = {
  /** The first frame that fits, be it here already or still to come; each is given once. @throws Error after 30 s */
  next(fits?: (frame: Frame) => boolean): Promise<Frame>;
  send(frame: unknown): void;
  close(): Promise<void>;
};

const addressOf = (target: Target, query: Readonly<Record<string, string>>): URL => {
  const url = new URL(`${target.url}/ws`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
};

/** Connects with the target's key. @throws Error when the server refuses */
export async function connect(target: Target, query: Readonly<Record<string, string>> = {}): Promise<Client> {
  const url = addressOf(target, { apiKey: target.key, ...query });
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url);
  const frames: Frame[] = [];
  const looks: (() => void)[] = [];
  const look = () => {
    for (const wake of looks.splice(0)) wake();
  };
  socket.onmessage = ({ data }) => {
    const frame: unknown = JSON.parse(String(data));
    if (isObject(frame)) frames.push(frame);
    look();
  };
  const closed = new Promise<void>((resolve) => {
    socket.onclose = () => {
      resolve();
      look();
    };
  });
  const client: Client = {
    async next(fits = () => true) {
      const late = AbortSignal.timeout(mostMs);
      for (;;) {
        const at = frames.findIndex(fits);
        const [frame] = at < 0 ? [] : frames.splice(at, 1);
        if (frame !== undefined) return frame;
        if (late.aborted) throw new Error(`no such frame came within ${mostMs / 1000} s`);
        if (socket.readyState === WebSocket.CLOSED) throw new Error('the connection was closed');
        await new Promise<void>((resolve) => {
          looks.push(resolve);
          late.addEventListener('abort', () => resolve(), { once: true });
        });
      }
    },
    send: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    async close() {
      socket.close();
      await closed;
    },
  };
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error('the server refused the connection'));
  });
  return client;
}

/** Runs with a connected client, and leaves none behind. */
export async function connected(
  target: Target,
  query: Readonly<Record<string, string>>,
  run: (client: Client) => Promise<void>,
): Promise<void> {
  const client = await connect(target, query);
  try {
    await run(client);
  } finally {
    await client.close();
  }
}

/** What the server answers to whoever may not connect. */
export function refused(
  target: Target,
  query: Readonly<Record<string, string>>,
): Promise<{ status: number; json: unknown }> {
  const url = addressOf(target, query);
  const request = url.protocol === 'https:' ? requestSecure : requestPlain;
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, signal: AbortSignal.timeout(mostMs), agent: false });
    asked.on('error', reject);
    asked.on('upgrade', (_, socket) => {
      socket.destroy();
      resolve({ status: 101, json: undefined });
    });
    asked.on('response', async (answer) => {
      const text = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>)).toString();
      resolve({ status: answer.statusCode ?? 0, json: parsed(text) });
    });
    asked.end();
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
