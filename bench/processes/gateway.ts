// A gateway, set up by its environment as in production. Its log is written as it is there, and read on the way for what
// has been done.

import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { startGateway } from '../../src/gateway.ts';
import { makeLog } from '../../src/log.ts';
import { serveParent } from '../serve-parent.ts';

type Done = 'stored' | 'delivered';
const counted: Record<Done, number> = { stored: 0, delivered: 0 };
const waiting = new Set<{ what: Done; count: number; resolve(): void }>();

// As `mediadock serve` does.
process.env['UV_THREADPOOL_SIZE'] ??= '16';
const settings = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('MEDIADOCK_')));
const config = readConfig(settings, () => '');
const file = pino.destination({ dest: '/dev/null', sync: false });
const log = makeLog(config.logLevel, {
  write(line) {
    file.write(line);
    for (const what of ['stored', 'delivered'] as const) {
      if (!line.includes(`"outcome":"${what}"`)) continue;
      counted[what] += 1;
      for (const wait of waiting) {
        if (wait.what !== what || counted[what] < wait.count) continue;
        waiting.delete(wait);
        wait.resolve();
      }
    }
    if (line.includes('"level":"error"')) process.stderr.write(line);
  },
});
const gateway = await startGateway(config, { log });

const commands = {
  url: () => gateway.url,
  /** Resolves when so many captures or deliveries have succeeded since it started. */
  async done({ what, count }: { what: Done; count: number }): Promise<void> {
    if (counted[what] >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add({ what, count, resolve });
    await promise;
  },
  counted: () => ({ ...counted }),
  /** Seconds of processor time. */
  cpuSeconds() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
};
export type GatewayCommands = typeof commands;

serveParent(commands, () => gateway.close(0));
