// The native dialect: events as the native API shows things, one request for each event.

import type { Dialect } from '../core/dialect.ts';
import { eventTypes } from '../core/model.ts';
import { presentEvent } from '../core/present.ts';

export const native: Dialect = {
  name: 'native',
  policy: { hold: 'deliver_within', parts: 'message', speaks: eventTypes },
  keyPrefix: (mode) => `mdk_${mode}_`,
  render: (event, _part, now, links) => ({
    body: JSON.stringify(presentEvent(event, now, links)),
    headers: { 'content-type': 'application/json' },
  }),
  // The schedule in core is the native one.
  waits: [],
  timeoutMs: 15_000,
};
