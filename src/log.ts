// The log on standard error: one JSON line per fact for programs, a short line for a person at a terminal.
// Ids only: no bodies, no queries, no secrets, no whole numbers.

import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** @param level pino's levels, `fatal` to `trace`, or `silent` */
export function makeLog(level: string, stream: DestinationStream = standardError()): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, stream);
}

function standardError(): DestinationStream {
  const plain = pino.destination({ dest: 2, sync: false });
  return process.stderr.isTTY ? { write: (line) => void plain.write(readable(line)) } : plain;
}

/** `00:15:10 info  capture  media=med_… outcome=stored`: what is null or nested is left out. */
export function readable(line: string): string {
  const { level, time, msg, err, ...facts }: Record<string, unknown> = JSON.parse(line);
  const said = Object.entries(facts).flatMap(([name, value]) =>
    value === null || typeof value === 'object'
      ? []
      : [`${name}=${typeof value === 'number' ? Math.round(value) : String(value)}`],
  );
  const error = err as { type?: string; message?: string; stack?: string } | undefined;
  const words = [String(time).slice(11, 19), String(level).padEnd(5), String(msg).padEnd(8), ...said];
  return `${words.join(' ')}${error?.stack ? `\n${error.stack}` : ''}\n`;
}
