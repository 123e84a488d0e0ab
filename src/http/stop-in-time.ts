// How the server stops. It takes no new connections, a request that still comes in on an open one is refused, and each
// connection ends with the answer that it is busy with. What is not through after ten seconds is cut.
//
// Node closes idle connections once, when the stop begins, and counts one as idle only when its last request has arrived
// whole. Without the rules here an upload that was refused early, or a download that ends a moment later, would keep the
// server from stopping for as long as its client likes.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

const cutAfterMs = 10_000;

/**
 * Lays the rules on a server that does not listen yet.
 * @param answering the newest answer of each connection
 * @returns `release`: lets a connection go that is no longer one of requests and answers
 */
export function stopInTime(
  app: FastifyInstance,
  answering: WeakMap<Socket, ServerResponse>,
): { isStopping(): boolean; release(socket: Socket): void } {
  let stopping = false;
  const open = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  app.addHook('onResponse', async (request) => {
    if (stopping) request.socket.destroySoon();
  });
  app.addHook('preClose', async () => {
    stopping = true;
    for (const socket of open) {
      if (answering.get(socket)?.writableFinished ?? true) socket.destroySoon();
    }
    const cut = setTimeout(() => app.server.closeAllConnections(), cutAfterMs);
    app.server.once('close', () => clearTimeout(cut));
  });
  return { isStopping: () => stopping, release: (socket) => void open.delete(socket) };
}
