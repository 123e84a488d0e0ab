// The dialect of wa-server (wa.mantap.sagad.net, wa.onebrick.io): one envelope for every webhook, files by a path that the
// same key reads back, and devices, which are channels here.

import { z } from 'zod';
import type { Dialect, DialectRoute } from '../../core/dialect.ts';
import { jsonSchema } from '../schemas.ts';
import { deviceRoutes } from './device-routes.ts';
import { reserves } from './devices.ts';
import { mediaRoutes } from './media-routes.ts';
import { refuse } from './refuse.ts';
import { render } from './render.ts';
import { readSettings, sign } from './settings.ts';

const second = 1000;
const daySeconds = 86_400;

/** The vendor's schedule (its webhook page). */
const waits = [10 * second, 30 * second, 90 * second];

/** For whoever looks only whether the server is there: no key is asked for. */
const health: DialectRoute = {
  method: 'GET',
  path: '/health',
  needs: 'password',
  takes: 'nothing',
  describes: {
    summary: 'Whether the server runs.',
    answers: { 200: jsonSchema(z.object({ status: z.literal('ok') })) },
  },
  answer: async () => ({ status: 200, json: { status: 'ok' } }),
};

export const waServer: Dialect = {
  name: 'wa-server',
  policy: {
    hold: 'deliver_within',
    parts: 'media',
    speaks: ['message.received', 'message.echoed', 'media.stored', 'channel.paused', 'channel.resumed'],
  },
  retention: { seconds: 30 * daySeconds, hard: false },
  keyPrefix: (mode) => `wa_${mode}_`,
  render,
  sign,
  nextTry(failures) {
    const waitMs = waits[failures - 1];
    return waitMs === undefined ? 'native' : { waitMs };
  },
  timeoutMs: 10 * second,
  readSettings,
  reserves,
  facade: {
    routes: [health, ...mediaRoutes, ...deviceRoutes],
    refuse,
    rateHeaders: ({ limit, remaining, resetAt }) => ({
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': String(Math.ceil(resetAt / 1000)),
    }),
  },
};
