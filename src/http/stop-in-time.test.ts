import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type Http, openHttp } from '../../test/http/rig.ts';

/** A server whose readiness takes until it is let go. */
async function held() {
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const http = await openHttp(() => ({
    health: {
      async ready() {
        entered.resolve();
        await gate.promise;
        return { ok: true, checks: [] };
      },
    },
  }));
  return { http, entered: entered.promise, letGo: gate.resolve };
}

function dial(http: Http): { socket: Socket; seen(): string; closed: Promise<unknown> } {
  const { hostname, port } = new URL(http.url);
  const socket = connect(Number(port), hostname);
  let seen = '';
  socket.on('data', (chunk) => {
    seen += chunk.toString();
  });
  const closed = new Promise((resolve) => socket.on('error', resolve).on('close', resolve));
  return { socket, seen: () => seen, closed };
}

const refusesConnections = (http: Http) =>
  expect
    .poll(() =>
      fetch(`${http.url}/healthz`).then(
        () => 'served',
        () => 'refused',
      ),
    )
    .toBe('refused');

test('a stop lets the running request finish and refuses the one behind it', async () => {
  const { http, entered, letGo } = await held();
  const { socket, seen, closed } = dial(http);
  socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n');
  await entered;
  const stopped = http.close();
  await refusesConnections(http);
  socket.write('GET /api/v1/apps HTTP/1.1\r\nHost: x\r\n\r\n');
  // Others may have been refused as well.
  await expect.poll(() => http.lines.map(({ path }) => path)).toContain('/api/v1/apps');
  letGo();
  await Promise.all([stopped, closed]);
  expect(seen().match(/HTTP\/1\.1 \d+|"code":"\w+"|retry-after: \d+/g)).toEqual([
    'HTTP/1.1 200',
    'HTTP/1.1 503',
    'retry-after: 5',
    '"code":"stopping"',
  ]);
});

test('neither an idle connection nor an upload that was refused early holds up a stop', async () => {
  const http = await openHttp();
  const idle = dial(http);
  idle.socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  const uploading = dial(http);
  uploading.socket.write('POST /api/v1/apps HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nnot nearly all');
  await expect.poll(idle.seen).toContain('200');
  await expect.poll(uploading.seen).toContain('key_missing');
  const began = performance.now();
  await Promise.all([http.close(), idle.closed, uploading.closed]);
  expect(performance.now() - began).toBeLessThan(5000);
});
