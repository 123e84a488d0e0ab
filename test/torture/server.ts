// The gateway under torture: a process of its own, set up by its environment, whose clock its parent moves forward.

import { readConfig } from '../../src/config.ts';
import type { Backlog } from '../../src/core/records.ts';
import { startGateway } from '../../src/gateway.ts';
import { answering } from './child.ts';

/** A stored media and where the store has its bytes. */
export type StoredMedia = { id: string; blob: string };
export type Audit = { stored: StoredMedia[] };
export type Asks = { backlog: Backlog; audit: Audit; resume: number };

let ahead = Number(process.env['TORTURE_AHEAD_MS'] ?? 0);
const clock = { now: () => Date.now() + ahead };
const gateway = await startGateway(
  readConfig(process.env, () => ''),
  { clock },
);
const { records } = gateway;

async function audit(): Promise<Audit> {
  const stored: StoredMedia[] = [];
  for (let cursor: string | null = null; ; ) {
    const page = await records.listMedia({
      reach: { kind: 'instance' },
      filter: { state: 'stored' },
      page: { limit: 200, cursor },
    });
    for (const { id, blob } of page.rows) if (blob !== null) stored.push({ id, blob });
    if (page.next === null) return { stored };
    cursor = page.next;
  }
}

answering(
  { url: gateway.url },
  {
    advance(ms: number) {
      ahead += ms;
      gateway.wake();
    },
    sweep: () => gateway.sweep(),
    backlog: () => records.backlog({ now: clock.now() }),
    audit,
    async resume() {
      const resumed = await records.resumeJobs({ ids: null, now: clock.now() });
      gateway.wake();
      return resumed;
    },
    async stop() {
      await gateway.close();
      // After the answer was sent.
      setImmediate(() => process.exit());
    },
  },
);
