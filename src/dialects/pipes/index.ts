// The dialect of Pipes.bot: https://docs.pipes.bot. Messages come over a socket or by webhook and name a file by an id, whose
// address redirects to a link that lives for five minutes. Files are kept for 48 hours, whatever waits for them.

import { createHmac } from 'node:crypto';
import type { Dialect } from '../../core/dialect.ts';
import { download } from './download.ts';
import { notOfferedRoutes } from './not-offered.ts';
import { refuse } from './refuse.ts';
import { render } from './render.ts';
import { readSettings, settingsOf } from './settings.ts';
import { socket } from './socket.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** After the last of them the message waits for a socket. */
const waits = {
  pool: [2 * second, 8 * second],
  byon: [10 * second, 60 * second, 5 * minute],
} as const;

export const pipes: Dialect = {
  name: 'pipes',
  policy: {
    hold: 'hold_limit',
    parts: 'message',
    speaks: ['message.received', 'media.stored'],
    queue: { perSender: 100, lifeMs: 24 * hour },
  },
  retention: { seconds: (48 * hour) / second, hard: true },
  keyPrefix: (mode) => (mode === 'test' ? 'pk_test_' : 'pk_'),
  render,
  sign: (body, secret) => ({ 'x-pipes-signature': createHmac('sha256', secret).update(body).digest('hex') }),
  nextTry(failures, settings) {
    const waitMs = waits[settingsOf(settings).schedule][failures - 1];
    return waitMs === undefined ? 'none' : { waitMs };
  },
  timeoutMs: 10 * second,
  readSettings,
  socket,
  facade: {
    routes: [download, ...notOfferedRoutes],
    refuse,
    // The vendor tells no limits.
    rateHeaders: ({ limit, remaining, resetAt }) => ({
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': String(Math.ceil(resetAt / second)),
    }),
  },
};
