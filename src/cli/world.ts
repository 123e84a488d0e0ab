// What a command touches of the machine it runs on, handed in so that nothing reaches for it on its own.

import type { Readable, Writable } from 'node:stream';

export type Terminal = Writable & { isTTY?: boolean; columns?: number };

export type World = {
  env: Readonly<Record<string, string | undefined>>;
  stdin: Readable & { isTTY?: boolean };
  /** Results, and nothing else. */
  stdout: Terminal;
  /** Messages and progress. */
  stderr: Terminal;
  /** Over when the person has asked to stop. */
  signal: AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after so many milliseconds; rejects when the signal is over first. */
  pause(milliseconds: number): Promise<void>;
};

/** How many columns a line of results may take: COLUMNS, else those of the terminal, else any number. */
export function widthOf({ env, stdout }: World): number {
  const said = Number(env['COLUMNS']);
  return Number.isInteger(said) && said > 0 ? said : (stdout.columns ?? Number.POSITIVE_INFINITY);
}
