import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port on loopback that was free a moment ago. It is below those that a system hands out by itself (32768 and above on Linux),
 * so that nobody who asks for any port, or connects to somewhere, is given it in the meantime.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
