// The log on standard error: one JSON line per fact for programs, a short line for a person at a terminal.
// Ids only: no bodies, no queries, no secrets. Whoever logs leaves these out; numbers of people are masked here once more,
// because texts that others wrote (paths, messages of errors) may hold them.

import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** @param level pino's levels, `fatal` to `trace`, or `silent` */
export function makeLog(level: string, stream: DestinationStream = standardError()): Logger {
  const formatters = { level: (label: string) => ({ level: label }), log: withoutNumbers };
  const serializers = { err: errorOf };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters, serializers }, stream);
}

// Digits that stand alone are a number of somebody; among letters they are part of an id of ours.
const number = /(?<![0-9A-Za-z])\+?\d{6,}(\d\d)(?![0-9A-Za-z])/g;
// WhatsApp's ids of messages hold the number of the person, in base64.
const carrierMessageId = /\bwamid\.[\w+/=-]*/g;

// What most texts are without; looked for first, because this runs for every line.
const suspicious = /\d{8}|wamid\./;

/** The same text without whole numbers: `…34` stands for one. */
const masked = (text: string): string =>
  suspicious.test(text) ? text.replace(number, '…$1').replace(carrierMessageId, 'wamid.…') : text;

function withoutNumbers(line: Record<string, unknown>): Record<string, unknown> {
  let seen = line;
  for (const name in line) {
    const value = line[name];
    if (typeof value !== 'string') continue;
    const text = masked(value);
    if (text === value) continue;
    if (seen === line) seen = { ...line };
    seen[name] = text;
  }
  return seen;
}

const mostCauses = 4;

/** What an error says of itself, and no other members: those of a database's error repeat what was to be stored. */
function errorOf(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error, message: masked(String(error)) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: masked(error.message),
    stack: masked(error.stack ?? ''),
    ...(typeof code === 'string' && { code }),
    ...(error.cause !== undefined && depth < mostCauses && { cause: errorOf(error.cause, depth + 1) }),
  };
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
