import { z } from 'zod';
import { eventTypes } from '../../core/model.ts';
import { presentEvent } from '../../core/present.ts';
import { admitKey, secretOf } from '../admission.ts';
import { pageOfAnswer } from '../answers.ts';
import { event } from '../event-answers.ts';
import { afterQuery, given, id, listOf, wire } from '../fields.ts';
import { ProtocolFault } from '../problems.ts';
import { keyed, type Route, streamed } from '../route.ts';

const needs = { permission: 'read', reach: 'app' } as const;

/** Event types, separated by commas. */
const types = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(eventTypes)).max(eventTypes.length))
  .optional()
  .meta({
    description: 'Only these types, separated by commas.',
    [wire]: { type: 'string', examples: ['message.received,media.stored'] },
  });

const wait = z
  .string()
  .regex(/^\d{1,2}$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.int().min(0).max(30))
  .default(0)
  .meta({
    description: 'Seconds to wait for events where there are none yet.',
    [wire]: { type: 'integer', minimum: 0, maximum: 30, default: 0 },
  });

type ShownEvent = z.output<typeof event>;

export const eventRoutes: readonly Route[] = [
  keyed({
    method: 'GET',
    path: '/api/v1/events',
    operation: 'listEvents',
    summary: 'Events after a cursor, the oldest first; waits for them if asked.',
    needs,
    answers: pageOfAnswer(event),
    faults: ['cursor_too_old', 'invalid_cursor'],
    query: z.strictObject({ ...afterQuery, types, app_id: id('app').optional(), wait }),
    async handler({ caller, query, parts, reply }) {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const question = {
        reach: caller.reach,
        ...given({ appId: query.app_id, types: query.types }),
        after: query.after ?? null,
        limit: query.limit,
      };
      const page = await parts.events.read(question, query.wait * 1000, gone.signal);
      const now = parts.clock.now();
      // Which things belong to which type is the records' affair; the tests hold each event against its schema.
      return listOf(page, (row) => presentEvent(row, now, parts.links) as ShownEvent);
    },
  }),

  streamed({
    method: 'GET',
    path: '/api/v1/events/stream',
    operation: 'streamEvents',
    summary: 'Events over a WebSocket, with cursor and acknowledgement.',
    needs: { ...needs, orInFirstFrame: true },
    status: 101,
    head: false,
    answers: { says: 'The connection becomes a WebSocket; docs/api.md tells what is said over it.', types: [] },
    faults: ['upgrade_required', 'rate_limited'],
    async handler({ parts, request, reply }) {
      if (request.upgrade === undefined) {
        throw new ProtocolFault('upgrade_required', { upgrade: 'websocket', connection: 'upgrade' });
      }
      parts.streams.checkRoom();
      reply.hijack();
      const login = (secret: string) => admitKey(secret, request, reply, needs, parts);
      // Whoever leaves at this very moment needs no answer.
      const socket = await request.upgrade().catch(() => undefined);
      if (socket !== undefined) void parts.streams.serve(socket, secretOf(request), login);
      return reply;
    },
  }),
];
