import { z } from 'zod';
import { invalid } from '../../core/faults.ts';
import { presentApp } from '../../core/present.ts';
import { app, pageOfAnswer } from '../answers.ts';
import { daySeconds, given, id, listOf, name, pageOf, pageQuery, seconds } from '../fields.ts';
import { found } from '../found.ts';
import { keyed, type Route } from '../route.ts';

const one = z.object({ id: id('app') });
const dialect = z.string().min(1).max(50);
const retention = seconds(36_500 * daySeconds);
/** Kinds of media that are captured on arrival; the others when somebody asks. */
const autoDownload = z
  .array(z.enum(['image', 'video', 'voice', 'audio', 'document', 'sticker', 'file']))
  .max(7)
  .nullable();
const week = seconds(7 * daySeconds);

export const appRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path: '/api/v1/apps',
    operation: 'createApp',
    summary: 'Creates an app.',
    needs: { permission: 'manage', reach: 'instance' },
    status: 201,
    answers: app,
    body: z.strictObject({
      name,
      organization_id: id('organization').nullable().default(null),
      dialect: dialect.default('native'),
      media_retention_seconds: retention.default(null),
      link_seconds: week.default(null),
      deliver_within_seconds: week.default(null),
      hold_limit_seconds: week.default(null),
      auto_download: autoDownload.default(null),
    }),
    async handler({ body, parts }) {
      parts.administration.checkDialect(body.dialect);
      const app = await parts.records.createApp({
        now: parts.clock.now(),
        name: body.name,
        organizationId: body.organization_id,
        dialect: body.dialect,
        mediaRetentionSeconds: body.media_retention_seconds,
        linkSeconds: body.link_seconds,
        deliverWithinSeconds: body.deliver_within_seconds,
        holdLimitSeconds: body.hold_limit_seconds,
        autoDownload: body.auto_download,
      });
      if (app === undefined) throw invalid('body.organization_id', 'there is no such organization');
      return presentApp(app);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/apps',
    operation: 'listApps',
    summary: 'Lists apps.',
    needs: { permission: 'manage', reach: 'app' },
    answers: pageOfAnswer(app),
    query: z.strictObject(pageQuery),
    async handler({ caller, query, parts }) {
      return listOf(await parts.records.listApps({ reach: caller.reach, page: pageOf(query) }), presentApp);
    },
  }),

  keyed({
    method: 'GET',
    path: '/api/v1/apps/:id',
    operation: 'getApp',
    summary: 'One app.',
    needs: { permission: 'manage', reach: 'app' },
    answers: app,
    params: one,
    async handler({ caller, params, parts }) {
      return presentApp(found(await parts.records.app({ reach: caller.reach, id: params.id })));
    },
  }),

  keyed({
    method: 'PATCH',
    path: '/api/v1/apps/:id',
    operation: 'updateApp',
    summary: 'Changes an app.',
    needs: { permission: 'manage', reach: 'app' },
    answers: app,
    params: one,
    body: z.strictObject({
      name: name.optional(),
      dialect: dialect.optional(),
      media_retention_seconds: retention.optional(),
      link_seconds: week.optional(),
      deliver_within_seconds: week.optional(),
      hold_limit_seconds: week.optional(),
      auto_download: autoDownload.optional(),
    }),
    async handler({ caller, params, body, parts }) {
      if (body.dialect !== undefined) parts.administration.checkDialect(body.dialect);
      const set = given({
        name: body.name,
        dialect: body.dialect,
        mediaRetentionSeconds: body.media_retention_seconds,
        linkSeconds: body.link_seconds,
        deliverWithinSeconds: body.deliver_within_seconds,
        holdLimitSeconds: body.hold_limit_seconds,
        autoDownload: body.auto_download,
      });
      return presentApp(found(await parts.records.updateApp({ reach: caller.reach, id: params.id, set })));
    },
  }),

  keyed({
    method: 'DELETE',
    path: '/api/v1/apps/:id',
    operation: 'deleteApp',
    summary: 'Deletes an app with everything that belongs to it.',
    needs: { permission: 'manage', reach: 'instance' },
    status: 204,
    answers: 'nothing',
    params: one,
    async handler({ caller, params, parts }) {
      await parts.eraser.app(caller.reach, params.id);
      return undefined;
    },
  }),
];
