import { z } from 'zod';
import { eventTypes } from '../../core/model.ts';
import { presentEndpoint } from '../../core/present.ts';
import { headerObjection, secretObjection } from '../../core/transport.ts';
import { endpoint, newEndpoint, pageOfAnswer, testDelivery } from '../answers.ts';
import { given, id, json, listOf, moment, overlap, pageOf, pageQuery, stepCursor } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const needs = { permission: 'manage', reach: 'app' } as const;
const ofApp = z.object({ id: id('app') });
const one = z.object({ id: id('app'), endpoint_id: id('endpoint') });

const url = z.string().min(1).max(2048);
const dialect = z.string().min(1).max(50);
/** Null: every type. */
const events = z.array(z.enum(eventTypes)).min(1).max(eventTypes.length).nullable();

/** The dialect's own; it checks them itself. */
const settings = z.record(z.string(), json);

/** Static headers that are added to each request; null: none. */
const headers = z
  .record(z.string(), z.string())
  .nullable()
  .transform((given) => given ?? {})
  .superRefine((given, context) => {
    const entries = Object.entries(given);
    if (entries.length > 20) context.addIssue({ code: 'custom', message: 'must have at most 20 entries' });
    for (const [name, value] of entries.slice(0, 20)) {
      const message = headerObjection(name, value);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
    }
  });

const secret = z
  .string()
  .max(512)
  .superRefine((text, context) => {
    const message = secretObjection(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const turn = (verb: 'pause' | 'resume', state: 'paused' | 'active', summary: string): Route =>
  keyed({
    method: 'POST',
    path: `/api/v1/apps/:id/endpoints/:endpoint_id/${verb}`,
    operation: `${verb}Endpoint`,
    summary,
    needs,
    answers: endpoint,
    params: one,
    async handler({ caller, params, parts }) {
      return presentEndpoint(
        await parts.administration.updateEndpoint(caller.reach, params.id, params.endpoint_id, { state }),
      );
    },
  });

export const endpointRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path: '/api/v1/apps/:id/endpoints',
    operation: 'createEndpoint',
    summary: 'Creates an endpoint.',
    needs,
    status: 201,
    answers: newEndpoint,
    params: ofApp,
    body: z.strictObject({
      url,
      dialect: dialect.optional(),
      headers: headers.optional(),
      events: events.optional(),
      settings: settings.optional(),
      secret: secret.optional(),
    }),
    async handler({ caller, params, body, parts }) {
      const made = await parts.administration.createEndpoint(caller.reach, params.id, {
        ...body,
        events: body.events ?? undefined,
      });
      return { ...presentEndpoint(made.endpoint), secret: made.secret };
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/apps/:id/endpoints',
    operation: 'listEndpoints',
    summary: 'Lists the endpoints of an app.',
    needs,
    answers: pageOfAnswer(endpoint),
    params: ofApp,
    query: z.strictObject(pageQuery),
    async handler({ caller, params, query, parts }) {
      const { reach } = caller;
      found(await parts.records.app({ reach, id: params.id }));
      const page = await parts.records.listEndpoints({ reach, appId: params.id, page: pageOf(query) });
      return listOf(page, presentEndpoint);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/apps/:id/endpoints/:endpoint_id',
    operation: 'getEndpoint',
    summary: 'One endpoint.',
    needs,
    answers: endpoint,
    params: one,
    async handler({ caller, params, parts }) {
      const request = { reach: caller.reach, appId: params.id, id: params.endpoint_id };
      return presentEndpoint(found(await parts.records.endpoint(request)));
    },
  }),

  keyed({
    method: 'PATCH',
    path: '/api/v1/apps/:id/endpoints/:endpoint_id',
    operation: 'updateEndpoint',
    summary: 'Changes an endpoint.',
    needs,
    answers: endpoint,
    params: one,
    body: z.strictObject({
      url: url.optional(),
      dialect: dialect.optional(),
      headers: headers.optional(),
      events: events.optional(),
      settings: settings.optional(),
      state: z.enum(['active', 'paused']).optional(),
    }),
    async handler({ caller, params, body, parts }) {
      return presentEndpoint(
        await parts.administration.updateEndpoint(caller.reach, params.id, params.endpoint_id, given(body)),
      );
    },
  }),

  keyed({
    method: 'DELETE',
    path: '/api/v1/apps/:id/endpoints/:endpoint_id',
    operation: 'deleteEndpoint',
    summary: 'Deletes an endpoint; its open deliveries end with it.',
    needs,
    status: 204,
    answers: 'nothing',
    params: one,
    async handler({ caller, params, parts }) {
      const request = { reach: caller.reach, appId: params.id, id: params.endpoint_id, now: parts.clock.now() };
      found((await parts.records.deleteEndpoint(request)) || undefined);
      return undefined;
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/apps/:id/endpoints/:endpoint_id/rotate-secret',
    operation: 'rotateEndpointSecret',
    summary: 'Gives an endpoint a new signing secret.',
    needs,
    answers: z.strictObject({ secret: z.string() }),
    faults: ['secrets_unreadable'],
    params: one,
    body: z.strictObject({
      overlap_seconds: overlap,
    }),
    async handler({ caller, params, body, parts }) {
      const { secret } = await parts.administration.rotateSecret(
        caller.reach,
        params.id,
        params.endpoint_id,
        body.overlap_seconds,
      );
      return { secret };
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/apps/:id/endpoints/:endpoint_id/replay-dead',
    operation: 'replayDeadDeliveries',
    summary: 'Makes all dead deliveries of an endpoint due again.',
    needs: { permission: 'send', reach: 'app' },
    status: 202,
    answers: z.strictObject({ replayed: z.int() }),
    params: one,
    async handler({ caller, params, parts }) {
      const { reach } = caller;
      // The replay knows endpoints alone; the app in the path must be theirs.
      const endpoint = found(await parts.records.endpoint({ reach, appId: params.id, id: params.endpoint_id }));
      const now = parts.clock.now();
      const replayed = found(await parts.records.replayDead({ reach, endpointId: endpoint.id, now }));
      parts.onWork();
      return { replayed };
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/apps/:id/endpoints/:endpoint_id/replay',
    operation: 'replayEvents',
    summary: 'Makes deliveries of a span of events due again, or for the first time, a step at a time.',
    needs: { permission: 'send', reach: 'app' },
    status: 202,
    answers: z.strictObject({
      queued: z.int().meta({ description: 'Deliveries that this step made due.' }),
      next: z.string().nullable().meta({ description: 'The cursor of the next step; null: the span is done.' }),
    }),
    faults: ['invalid_cursor'],
    params: one,
    body: z.strictObject({
      scope: z.enum(['dead', 'missing', 'all']).meta({
        description:
          '`dead`: deliveries that died; `missing`: also events that the endpoint was never told of; `all`: also what was delivered before.',
      }),
      from: moment.meta({ description: 'Events from this time on.' }),
      to: moment.meta({ description: 'And before this one.' }),
      cursor: stepCursor,
    }),
    async handler({ caller, params, body, parts }) {
      const { cursor, ...span } = body;
      const order = { reach: caller.reach, appId: params.id, endpointId: params.endpoint_id, ...span };
      return await parts.replays.events(order, cursor);
    },
  }),

  keyed({
    method: 'POST',
    path: '/api/v1/apps/:id/endpoints/:endpoint_id/test',
    operation: 'testEndpoint',
    summary: 'Sends a made-up message to the endpoint, now, and tells what came of it.',
    needs,
    answers: testDelivery,
    params: one,
    async handler({ caller, params, parts, reply }) {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort(new Error('the caller left')));
      const sent = await parts.testDelivery.send(caller.reach, params.id, params.endpoint_id, gone.signal);
      const { status, fault, error, reply: said, body } = sent;
      return { status, duration_ms: sent.durationMs, fault, error, reply: said, body };
    },
  }),

  turn('pause', 'paused', 'Pauses an endpoint; its deliveries wait.'),
  turn('resume', 'active', 'Resumes an endpoint; its waiting deliveries become due.'),
];
