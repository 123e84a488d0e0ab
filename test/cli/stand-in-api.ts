// A small HTTP server in the API's place: it answers what a test says and keeps what it was asked.

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';

export type Asked = {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
};

export type Answer = { status?: number; json?: JsonObject; write?: (response: ServerResponse) => void };
/** What is answered, or how it follows from what was asked. */
export type Route = Answer | ((asked: Asked) => Answer);

const problem = {
  type: 'about:blank',
  title: 'Not found',
  status: 404,
  code: 'not_found',
  detail: 'There is nothing here under this id.',
};

/** @param routes by method and path below /api/v1; everything else is a 404 */
export async function startApi(routes: Record<string, Route>): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://api');
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const seen: Asked = {
      method: request.method ?? '',
      path: pathname.replace('/api/v1', ''),
      query: Object.fromEntries(searchParams),
      headers: request.headers,
      body: Buffer.concat(chunks),
    };
    asked.push(seen);
    const route: Route = routes[`${seen.method} ${seen.path}`] ?? { status: 404, json: problem };
    const { status = 200, json = {}, write } = typeof route === 'function' ? route(seen) : route;
    if (write !== undefined) return write(response);
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
    response.end(status === 204 ? undefined : JSON.stringify(json));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
