// The dialect of Chirp: messages with a link that lives for an hour and an id that stays good, fresh links for the id,
// webhooks, and an organization that says how long files are kept.

import type { Dialect } from '../../core/dialect.ts';
import { mediaRoutes } from './media-routes.ts';
import { organizationRoutes, retentionDays } from './organization-routes.ts';
import { playgroundRoutes } from './playground-routes.ts';
import { refuse } from './refuse.ts';
import { render } from './render.ts';
import { sendingRoutes } from './sending-routes.ts';
import { readSettings } from './settings.ts';
import { webhookRoutes } from './webhook-routes.ts';

const second = 1000;
const minute = 60 * second;

/** The vendor tries five times more, at growing intervals that it does not tell. */
const waits = [10 * second, 30 * second, 2 * minute, 10 * minute, 60 * minute];

export const chirp: Dialect = {
  name: 'chirp',
  policy: { hold: 'hold_limit', parts: 'message', speaks: ['message.received', 'message.echoed', 'media.stored'] },
  retention: { seconds: retentionDays * 24 * 60 * 60, hard: false },
  keyPrefix: (mode, reach) => (reach === 'organization' ? 'sk_admin_' : `sk_${mode}_app_`),
  render,
  nextTry(failures) {
    const waitMs = waits[failures - 1];
    return waitMs === undefined ? 'native' : { waitMs };
  },
  timeoutMs: 5 * second,
  readSettings,
  facade: {
    routes: [...mediaRoutes, ...webhookRoutes, ...organizationRoutes, ...playgroundRoutes, ...sendingRoutes],
    refuse,
    rateHeaders: ({ limit, remaining, resetAt }) => ({
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': String(Math.ceil(resetAt / 1000)),
    }),
  },
};
