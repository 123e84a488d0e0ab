// Files over plain node:http, in the three ways that it can be done.

import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveParent } from '../serve-parent.ts';

export type Way = 'memory' | 'buffered' | 'streamed';
type File = { path: string; size: number };

const streamBytes = 512 * 1024;
const servers: Server[] = [];

const commands = {
  /** Serves files until the process ends. @returns their URLs */
  async serve({ way, files }: { way: Way; files: File[] }): Promise<string[]> {
    const held = way === 'memory' ? await Promise.all(files.map(({ path }) => readFile(path))) : [];
    const server = createServer((request, response) => {
      const place = Number(request.url?.slice(1));
      const file = files[place];
      if (file === undefined) return response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': file.size });
      const fail = (error: unknown) => response.destroy(error instanceof Error ? error : undefined);
      if (way === 'memory') response.end(held[place]);
      else if (way === 'buffered') readFile(file.path).then((bytes) => response.end(bytes), fail);
      else createReadStream(file.path, { highWaterMark: streamBytes }).on('error', fail).pipe(response);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return files.map((_, place) => `http://127.0.0.1:${port}/${place}`);
  },
};
export type FileServerCommands = typeof commands;

serveParent(commands, () => {
  for (const server of servers) server.closeAllConnections();
});
