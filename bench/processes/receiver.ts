// The application's webhook: it answers 200 and notes when news of each message arrived.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveParent } from '../serve-parent.ts';
import { wallClock } from '../wall-clock.ts';

const arrivals = new Map<string, number>();
const waiting = new Set<{ count: number; resolve(): void }>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.end();
    const id = /"carrier_message_id":"([^"]+)"/.exec(Buffer.concat(chunks).toString())?.[1];
    if (id === undefined || arrivals.has(id)) return;
    arrivals.set(id, wallClock());
    for (const wait of waiting) {
      if (arrivals.size < wait.count) continue;
      waiting.delete(wait);
      wait.resolve();
    }
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

const commands = {
  url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  /** Resolves when news of so many messages have come since it was emptied. */
  async received(count: number): Promise<void> {
    if (arrivals.size >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add({ count, resolve });
    await promise;
  },
  /** When each message arrived, in milliseconds since 1970, and forgets them. */
  take(): Map<string, number> {
    const taken = new Map(arrivals);
    arrivals.clear();
    return taken;
  },
};
export type ReceiverCommands = typeof commands;

serveParent(commands, () => server.closeAllConnections());
