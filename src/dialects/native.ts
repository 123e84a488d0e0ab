// The native dialect: events as the native API shows things, one request for each event.

import type { Dialect } from '../core/dialect.ts';
import { eventTypes } from '../core/model.ts';
import { presentEvent } from '../core/present.ts';
import { settingsReader } from './endpoint-settings.ts';

export const native: Dialect = {
  name: 'native',
  policy: { hold: 'deliver_within', parts: 'message', speaks: eventTypes.filter((type) => type !== 'media.answered') },
  keyPrefix: (mode) => `mdk_${mode}_`,
  retention: null,
  render: ({ event, now, links }) => ({
    body: JSON.stringify(presentEvent(event, now, links)),
    headers: { 'content-type': 'application/json' },
  }),
  nextTry: () => 'native',
  timeoutMs: 15_000,
  readSettings: settingsReader({}),
  facade: null,
};
