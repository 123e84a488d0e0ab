// Two real HTTP servers that stand for the world of a carrier: `home`, its own, where credentials may go, and `abroad`,
// somebody else's origin, where they may not. What each was asked is kept, so that a test can look for a leak.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = { at: 'home' | 'abroad'; path: string; headers: IncomingMessage['headers'] };
export type UpstreamAnswer = { status: number; headers?: Record<string, string>; body?: string | Uint8Array };
/** What a carrier's servers do with a request; `links` are the addresses of the two. */
export type UpstreamScript = (request: Seen, links: Readonly<{ home: string; abroad: string }>) => UpstreamAnswer;

export type Upstream = { home: string; abroad: string; seen: Seen[]; close(): Promise<void> };

export async function openUpstream(script: UpstreamScript): Promise<Upstream> {
  const seen: Seen[] = [];
  const links = { home: '', abroad: '' };
  const open = async (at: Seen['at']): Promise<Server> => {
    const server = createServer((request, response) => {
      const one: Seen = { at, path: request.url ?? '', headers: request.headers };
      seen.push(one);
      const { status, headers, body } = script(one, links);
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    links[at] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return server;
  };
  const servers = [await open('home'), await open('abroad')];
  return {
    ...links,
    seen,
    async close() {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
    },
  };
}
