import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Stores webhooks in a worker with a SQLite file of its own. */
export async function storeInSqlite(): Promise<{
  store(bodies: readonly Buffer[]): Promise<void>;
  close(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'mediadock-bench-storing-'));
  const file = join(folder, 'rows.db');
  const worker = new Worker(new URL('./storing-worker.ts', import.meta.url), { workerData: file, execArgv: [] });
  worker.on('error', (error) => {
    throw error;
  });
  return {
    store(bodies) {
      const { promise, resolve } = Promise.withResolvers<void>();
      worker.once('message', () => resolve());
      worker.postMessage(bodies);
      return promise;
    },
    async close() {
      await worker.terminate();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
