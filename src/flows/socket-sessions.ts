// Clients of an application that connect in its dialect: what each hears, and what happens to the queue around it.
//
// While nobody is connected to an endpoint its lane is closed, so nothing is claimed and everything waits. A client that hears
// the whole app takes what has waited, oldest first, at the dialect's pace; one that asked for a single conversation hears only
// what is new. The lane is open for as long as anybody is connected, and told to the records without a wait between looking
// and telling, so that of two changes the later one counts.

import { randomUUID } from 'node:crypto';
import type { Caller } from '../core/caller.ts';
import type { Desk } from '../core/desk.ts';
import type { Dialect, DialectSocket } from '../core/dialect.ts';
import { Fault } from '../core/faults.ts';
import type { Clock, Id } from '../core/ids.ts';
import type { Records } from '../core/records.ts';
import type { Sealer } from '../core/sealing.ts';
import type { SeatEnd, SocketHub, SocketScope, Wire } from '../core/socket.ts';
import { appOf } from './desk/parts.ts';
import { socketEndpoint } from './socket-endpoint.ts';

/** A place that was found for a client before there is a connection. */
export type Place = {
  dialect: Dialect;
  socket: DialectSocket;
  caller: Caller;
  endpointId: Id<'endpoint'>;
  scope: SocketScope;
};

export type SocketSessions = {
  /** @throws Fault permission_missing, rate_limited, and what the dialect refuses */
  admit(dialect: Dialect, caller: Caller, query: Readonly<Record<string, string>>): Promise<Place>;
  /** Speaks with the client until its connection ends. `callerNow` tells whose the key is at this moment. */
  serve(
    wire: Wire,
    place: Place,
    callerNow: () => Promise<Caller | undefined>,
  ): Promise<{ end: SeatEnd; sent: number }>;
  /** Says goodbye to everybody. */
  stop(): Promise<void>;
};

export type SocketSessionsParts = {
  records: Pick<Records, 'createEndpoint' | 'openLane' | 'trimQueue' | 'releaseQueue'>;
  hub: SocketHub;
  desk: Desk;
  sealer: Sealer;
  clock: Clock;
  onWork(): void;
  onError(error: unknown, about: string): void;
};

export function socketSessions(parts: SocketSessionsParts): SocketSessions {
  const { records, hub, clock, onError } = parts;

  /** Tells the records whether anybody is connected. */
  async function setLane(endpointId: Id<'endpoint'>): Promise<void> {
    await records.openLane({ endpointId, open: hub.isOpen(endpointId) });
  }

  async function letIn({ dialect, socket, endpointId, scope }: Place): Promise<void> {
    const { queue } = dialect.policy;
    const now = clock.now();
    if (queue !== undefined) {
      const olderThan = now - queue.lifeMs;
      await records.trimQueue({ endpointId, perSender: queue.perSender, olderThan, now });
    }
    if (scope.conversationId === undefined) await records.releaseQueue({ endpointId, now, spacingMs: socket.drainMs });
    await setLane(endpointId);
    parts.onWork();
  }

  return {
    async admit(dialect, caller, query) {
      const { socket } = dialect;
      if (socket === undefined) throw new Fault('not_found', { detail: 'There is no such address.' });
      hub.checkRoom();
      const scope = await socket.scopeOf({ caller, query, desk: parts.desk });
      const { id } = await socketEndpoint(parts, appOf(caller), dialect.name, clock.now());
      return { dialect, socket, caller, endpointId: id, scope };
    },

    async serve(wire, place, callerNow) {
      const { socket, caller, endpointId, scope } = place;
      const seat = {
        endpointId,
        scope,
        isAdmitted: async () => (await callerNow())?.permissions.includes('read') === true,
        hear: (text: string) => socket.hear(text, { caller, scope }),
      };
      const talk = hub.join(wire, seat, socket.welcome(appOf(caller), scope, randomUUID()));
      try {
        await letIn(place);
      } catch (error) {
        onError(error, `the queue of ${endpointId}`);
        talk.end('failed');
      }
      const ending = await talk.ended;
      await setLane(endpointId).catch((error: unknown) => onError(error, `the lane of ${endpointId}`));
      return ending;
    },
    stop: hub.stop,
  };
}
