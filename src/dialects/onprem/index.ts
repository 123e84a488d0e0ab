// The dialect of Meta's WhatsApp Business On-Premises API, which has been switched off and lives on in its clients: bytes by
// id, and a download that is asked for and whose outcome is told by a webhook.

import type { Dialect } from '../../core/dialect.ts';
import { applicationRoutes } from './application-routes.ts';
import { mediaRoutes } from './media-routes.ts';
import { notOfferedRoutes } from './not-offered.ts';
import { refuse } from './refuse.ts';
import { render } from './render.ts';
import { nextTry, readSettings } from './settings.ts';
import { dialectName, userRoutes } from './user-routes.ts';

export const onprem: Dialect = {
  name: dialectName,
  policy: {
    hold: 'none',
    parts: 'message',
    speaks: ['message.received', 'media.stored', 'media.unavailable', 'media.answered'],
  },
  // Kept until the business deletes it.
  retention: { seconds: null, hard: false },
  keyPrefix: (mode) => `onp_${mode}_`,
  render,
  nextTry,
  timeoutMs: 15_000,
  readSettings,
  facade: {
    routes: [...userRoutes, ...mediaRoutes, ...applicationRoutes, ...notOfferedRoutes],
    refuse,
    // The vendor has none.
    rateHeaders: () => ({}),
  },
};
