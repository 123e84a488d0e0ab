// The log: one JSON line per fact on standard error, for programs; short lines for a person at a terminal.
// Ids only: no bodies, no queries, no secrets, no whole numbers.

import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** @param level pino's levels, `fatal` to `trace`, or `silent` */
export function makeLog(level: string, stream: DestinationStream = pino.destination({ dest: 2, sync: false })): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}
