// nginx serving files of a folder, where it is installed: one worker, sendfile, nothing else.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '../test/servers/free-port.ts';

export type Nginx = { urls: string[]; stop(): Promise<void> };

/** @returns undefined where there is no nginx */
export async function startNginx(paths: readonly string[]): Promise<Nginx | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  const program = folders.map((folder) => join(folder, 'nginx')).find((path) => existsSync(path));
  if (program === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-bench-nginx-'));
  const port = await freePort();
  for (const [place, path] of paths.entries()) await symlink(path, join(folder, `${place}.jpg`));
  const config = `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr error; user root;
    events { worker_connections 256; }
    http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000; default_type image/jpeg;
      client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
      uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
      server { listen 127.0.0.1:${port}; root ${folder}; } }`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit = once(child, 'exit');
  await listening(port, exit);
  return {
    urls: paths.map((_, place) => `http://127.0.0.1:${port}/${place}.jpg`),
    async stop() {
      child.kill('SIGTERM');
      await exit;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when something listens. @throws when it ends before, or is not there within 10 seconds */
async function listening(port: number, exit: Promise<unknown>): Promise<void> {
  let ended = false;
  void exit.then(() => {
    ended = true;
  });
  for (const until = Date.now() + 10_000; Date.now() < until && !ended; ) {
    const socket = connect({ port, host: '127.0.0.1' });
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nginx does not listen');
}
