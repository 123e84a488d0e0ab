import { z } from 'zod';
import { eventTypes } from '../../core/model.ts';
import { presentEndpoint } from '../../core/present.ts';
import { headerObjection, secretObjection } from '../../core/transport.ts';
import { daySeconds, given, id, listOf, pageOf, pageQuery } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const needs = { permission: 'manage', reach: 'app' } as const;
const ofApp = z.object({ id: id('app') });
const one = z.object({ id: id('app'), endpoint_id: id('endpoint') });

const url = z.string().min(1).max(2048);
const dialect = z.string().min(1).max(50);
/** Null: every type. */
const events = z.array(z.enum(eventTypes)).min(1).max(eventTypes.length).nullable();

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

export const endpointRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path: '/api/v1/apps/:id/endpoints',
    needs,
    status: 201,
    params: ofApp,
    body: z.strictObject({
      url,
      dialect: dialect.optional(),
      headers: headers.optional(),
      events: events.optional(),
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
    needs,
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
    needs,
    params: one,
    async handler({ caller, params, parts }) {
      const request = { reach: caller.reach, appId: params.id, id: params.endpoint_id };
      return presentEndpoint(found(await parts.records.endpoint(request)));
    },
  }),

  keyed({
    method: 'PATCH',
    path: '/api/v1/apps/:id/endpoints/:endpoint_id',
    needs,
    params: one,
    body: z.strictObject({
      url: url.optional(),
      dialect: dialect.optional(),
      headers: headers.optional(),
      events: events.optional(),
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
    needs,
    status: 204,
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
    needs,
    params: one,
    body: z.strictObject({
      overlap_seconds: z
        .int()
        .min(0)
        .max(7 * daySeconds)
        .default(daySeconds),
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
    needs: { permission: 'send', reach: 'app' },
    status: 202,
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
];
