// The same route, which also stores what the gateway stores of a webhook: the same rows in the same tables, by prepared
// statements in a worker, one transaction for each batch; what comes while one commits makes up the next.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import fastify from 'fastify';
import { appSecret } from '../carrier-numbers.ts';
import { serveParent } from '../serve-parent.ts';

const folder = await mkdtemp(join(tmpdir(), 'mediadock-bench-storing-'));
const worker = new Worker(new URL('./storing-worker.ts', import.meta.url), {
  workerData: join(folder, 'rows.db'),
  execArgv: [],
});

let queue: { body: Buffer; resolve(): void }[] = [];
let committing: typeof queue = [];
function commit(): void {
  committing = queue;
  queue = [];
  worker.postMessage(committing.map(({ body }) => body));
}
worker.on('message', () => {
  for (const { resolve } of committing) resolve();
  committing = [];
  if (queue.length > 0) commit();
});
worker.on('error', (error) => {
  throw error;
});
function store(body: Buffer): Promise<void> {
  return new Promise((resolve) => {
    queue.push({ body, resolve });
    if (committing.length === 0 && queue.length === 1) queueMicrotask(commit);
  });
}

const app = fastify({ bodyLimit: 4 * 1024 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post<{ Body: Buffer }>('/in', async (request, reply) => {
  const due = `sha256=${createHmac('sha256', appSecret).update(request.body).digest('hex')}`;
  const given = String(request.headers['x-hub-signature-256']);
  if (given.length !== due.length || !timingSafeEqual(Buffer.from(given), Buffer.from(due)))
    return reply.code(401).send();
  await store(request.body);
  return reply.send();
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });

serveParent({ url: () => `${url}/in` }, async () => {
  await app.close();
  await worker.terminate();
  await rm(folder, { recursive: true, force: true });
});
