// Runs a command in this process: with an environment, streams and a clock of its own.

import { Readable, Writable } from 'node:stream';
import type { Local } from '../../src/cli/local.ts';
import { run } from '../../src/cli/program.ts';
import type { Terminal, World } from '../../src/cli/world.ts';

export type Ran = { code: number; out: string; err: string; bytes: Buffer };

export type Place = Partial<Pick<World, 'signal'>> & {
  env?: World['env'];
  stdin?: string | Readable;
  /** Columns of a terminal that all three streams are; without it they are pipes. */
  terminal?: number;
  /** Called at each pause, which moves the clock instead of waiting. */
  onPause?: () => void;
  /** Hears what is printed as it comes. */
  onOut?: (text: string) => unknown;
  onErr?: (text: string) => unknown;
};

const nothingLocal: Local = {
  serve: () => Promise.reject(new Error('serve was not to be called')),
  demo: () => Promise.reject(new Error('demo was not to be called')),
  restore: () => Promise.reject(new Error('restore was not to be called')),
  settings: () => [],
};

export async function shell(args: readonly string[], place: Place = {}, local: Partial<Local> = {}): Promise<Ran> {
  const stdout = collector(place.terminal, place.onOut);
  const stderr = collector(place.terminal, place.onErr);
  let now = Date.parse('2026-01-01T00:00:00Z');
  const world: World = {
    env: place.env ?? {},
    stdin: Object.assign(stdinOf(place.stdin), { isTTY: place.terminal !== undefined }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: place.signal ?? new AbortController().signal,
    now: () => now,
    async pause(milliseconds) {
      now += milliseconds;
      place.onPause?.();
    },
  };
  const code = await run(args, world, { ...nothingLocal, ...local }, '1.2.3');
  return { code, out: stdout.bytes().toString(), err: stderr.bytes().toString(), bytes: stdout.bytes() };
}

const stdinOf = (given: string | Readable = ''): Readable =>
  typeof given === 'string' ? Readable.from(given === '' ? [] : [Buffer.from(given)]) : given;

function collector(
  columns: number | undefined,
  onText: (text: string) => unknown = () => {},
): { stream: Terminal; bytes(): Buffer } {
  const chunks: Buffer[] = [];
  const stream: Terminal = new Writable({
    write(chunk, _, done) {
      chunks.push(Buffer.from(chunk));
      onText(String(chunk));
      done();
    },
  });
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns });
  return { stream, bytes: () => Buffer.concat(chunks) };
}
