// The dialect of Qlara (Agile Telecom): https://agiletelecom.com/documentation/qlara. Events never carry a file or a link, only
// a media key, which is exchanged for a link that lives an hour.

import type { Dialect } from '../../core/dialect.ts';
import { exchange } from './files.ts';
import { libraryRoutes } from './library-routes.ts';
import { notOfferedRoutes } from './not-offered.ts';
import { rateHeaders, refuse } from './refuse.ts';
import { render } from './render.ts';
import { readSettings } from './settings.ts';
import { webhookRoutes } from './webhook.ts';

const daySeconds = 86_400;

export const qlara: Dialect = {
  name: 'qlara',
  policy: { hold: 'hold_limit', parts: 'media', speaks: ['message.received', 'media.stored'] },
  retention: { seconds: 30 * daySeconds, hard: false },
  keyPrefix: (mode) => `qlk_${mode}_`,
  render,
  // The vendor's page is cut before it tells its schedule.
  nextTry: () => 'native',
  timeoutMs: 5_000,
  readSettings,
  facade: { routes: [exchange, ...webhookRoutes, ...libraryRoutes, ...notOfferedRoutes], refuse, rateHeaders },
};
