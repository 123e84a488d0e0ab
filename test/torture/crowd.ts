// The application of the app with the backlog, in a process of its own: it answers at once, or never.

import { createServer } from 'node:http';
import { answering } from './child.ts';

let hangs = false;
let requests = 0;
const server = createServer((request, reply) => {
  requests += 1;
  request.resume();
  request.on('end', () => {
    if (!hangs) reply.end();
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address !== 'object') throw new Error('the server has no address');
  answering(
    { url: `http://127.0.0.1:${address.port}/` },
    {
      hang(yes: boolean) {
        hangs = yes;
      },
      requests: () => requests,
    },
  );
});
