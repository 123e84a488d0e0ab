// Requests that ask to become a WebSocket. They pass through the same routes and checks as every other request, so a refusal
// is the same problem document; only the handler that wants the connection takes it over.

import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Makes a WebSocket of the connection; the reply must be hijacked first. undefined: nobody asked for one.
     * @param mostBytes of a frame of the client; a larger one ends the connection with 1009
     */
    upgrade: ((mostBytes?: number) => Promise<WebSocket>) | undefined;
  }
}

/** Largest frame of a client, unless whoever takes the connection says otherwise. */
const frameBytes = 16 * 1024;

/** Whether a request is one for a WebSocket (RFC 6455 section 4.1); any other wish to upgrade is answered as if it were not there. */
export const asksForWebSocket = (request: IncomingMessage): boolean =>
  request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';

/** @param release called with a connection that is no longer one of requests and answers */
export function acceptUpgrades(app: FastifyInstance, release: (socket: Socket) => void): void {
  const wishes = new WeakMap<IncomingMessage, { response: ServerResponse; socket: Socket; head: Buffer }>();
  const servers = new Map<number, WebSocketServer>();
  function serverFor(maxPayload: number): WebSocketServer {
    const server =
      servers.get(maxPayload) ?? new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false });
    servers.set(maxPayload, server);
    return server;
  }

  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const response = new ServerResponse(request);
    // Nobody reads the connection for a next request.
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    // Until somebody takes it over: a connection that breaks is its client's affair.
    socket.on('error', () => socket.destroy());
    wishes.set(request, { response, socket, head });
    app.routing(request, response);
  });

  app.decorateRequest('upgrade', undefined);
  app.addHook('onRequest', async (request) => {
    const wish = wishes.get(request.raw);
    if (wish === undefined) return;
    const { response, socket, head } = wish;
    request.upgrade = (mostBytes = frameBytes) =>
      new Promise((resolve, reject) => {
        response.detachSocket(socket);
        release(socket);
        socket.once('close', () => reject(new Error('the connection closed before it was a WebSocket')));
        serverFor(mostBytes).handleUpgrade(request.raw, socket, head, resolve);
      });
  });
}
