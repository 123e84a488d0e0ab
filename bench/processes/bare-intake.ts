// The least that could be called an intake: a Fastify route that checks the signature and answers.

import { createHmac, timingSafeEqual } from 'node:crypto';
import fastify from 'fastify';
import { appSecret } from '../carrier-numbers.ts';
import { serveParent } from '../serve-parent.ts';

const app = fastify({ bodyLimit: 4 * 1024 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post<{ Body: Buffer }>('/in', async (request, reply) => {
  const due = `sha256=${createHmac('sha256', appSecret).update(request.body).digest('hex')}`;
  const given = String(request.headers['x-hub-signature-256']);
  if (given.length !== due.length || !timingSafeEqual(Buffer.from(given), Buffer.from(due)))
    return reply.code(401).send();
  return reply.send();
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });

const commands = { url: () => `${url}/in` };
export type IntakeCommands = typeof commands;

serveParent(commands, () => app.close());
