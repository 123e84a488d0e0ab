// A proxy before a database server that can swallow an answer: the server gets what was sent, does it, and the client never
// hears of it.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type CuttingProxy = {
  /** The same URL, through the proxy. */
  url: string;
  /** Once: on the connection on which a client sends the one text, the server's answer with the other is cut off. */
  cut(sent: string, answered: string): void;
  /** How often it has cut. */
  cuts(): number;
  close(): Promise<void>;
};

export async function startCuttingProxy(url: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let marked: { sent: string; answered: string } | undefined;
  let cuts = 0;
  const proxy = createServer((client) => {
    const server = connect({ host: hostname, port: Number(port) });
    let cutAt: string | undefined;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on('data', (chunk) => {
      if (marked !== undefined && chunk.includes(marked.sent)) {
        cutAt = marked.answered;
        marked = undefined;
      }
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (cutAt === undefined || !chunk.includes(cutAt)) return void client.write(chunk);
      cuts++;
      end();
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const through = new URL(url);
  through.port = String(address.port);
  return {
    url: through.href,
    cut(sent, answered) {
      marked = { sent, answered };
    },
    cuts: () => cuts,
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
