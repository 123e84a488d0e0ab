// The dialects' addresses for WebSockets. They pass through the same checks as every other address of a façade, so whoever may
// not connect is refused in the dialect's words before there is a connection.

import type { Dialect } from '../core/dialect.ts';
import { type FacadeParts, keyOf, queryOf, type Row } from './facade-row.ts';
import { ProtocolFault } from './problems.ts';
import { loggedPath } from './request-log.ts';

/** Largest frame of a client: as much as the body of a request with JSON may have by default. */
const frameBytes = 1 << 20;

export function socketRows(dialect: Dialect, parts: FacadeParts): Row[] {
  const { socket } = dialect;
  const { sockets } = parts;
  if (socket === undefined || sockets === undefined) return [];
  const route = {
    method: 'GET',
    path: socket.path,
    needs: { permission: 'read', reach: 'app' },
    takes: 'nothing',
  } as const;
  const row: Row = {
    dialect,
    route,
    keyIn: socket.keyIn,
    async answer(request, reply) {
      const { upgrade, caller } = request;
      const secret = keyOf(request, [row]);
      if (upgrade === undefined)
        throw new ProtocolFault('upgrade_required', { upgrade: 'websocket', connection: 'upgrade' });
      if (caller === undefined || secret === undefined) throw new Error(`${socket.path} was reached without a key`);
      const place = await sockets.admit(dialect, caller, queryOf(request));
      reply.hijack();
      const began = parts.clock.now();
      // Whoever leaves at this very moment needs no answer.
      const wire = await upgrade(frameBytes).catch(() => undefined);
      if (wire === undefined) return reply;
      void sockets
        .serve(wire, place, () => parts.access.callerOf(secret))
        .then(({ end, sent }) => {
          const ms = parts.clock.now() - began;
          parts.log?.info({ path: loggedPath(request), key: caller.key, end, sent, ms }, 'socket');
        });
      return reply;
    },
  };
  return [row];
}
