// The same route, which also stores what the gateway stores of a webhook: the same rows in the same tables, one transaction for
// each batch; what comes while one commits makes up the next.

import { createHmac, timingSafeEqual } from 'node:crypto';
import fastify from 'fastify';
import { appSecret } from '../carrier-numbers.ts';
import { serveParent } from '../serve-parent.ts';
import { storeInPostgres } from './store-in-postgres.ts';
import { storeInSqlite } from './store-in-sqlite.ts';

const database = process.env['MEDIADOCK_DATABASE_URL'];
const rows = database === undefined ? await storeInSqlite() : await storeInPostgres(database);

let queue: { body: Buffer; resolve(): void; reject(error: unknown): void }[] = [];
let working = false;
async function work(): Promise<void> {
  await Promise.resolve();
  while (queue.length > 0) {
    const batch = queue;
    queue = [];
    try {
      await rows.store(batch.map(({ body }) => body));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
  working = false;
}
function store(body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    queue.push({ body, resolve, reject });
    if (working) return;
    working = true;
    void work();
  });
}

const app = fastify({ bodyLimit: 4 * 1024 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post<{ Body: Buffer }>('/in', async (request, reply) => {
  const due = `sha256=${createHmac('sha256', appSecret).update(request.body).digest('hex')}`;
  const given = String(request.headers['x-hub-signature-256']);
  const right = given.length === due.length && timingSafeEqual(Buffer.from(given), Buffer.from(due));
  if (!right) return reply.code(401).send();
  await store(request.body);
  return reply.send();
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });

serveParent({ url: () => `${url}/in` }, async () => {
  await app.close();
  await rows.close();
});
