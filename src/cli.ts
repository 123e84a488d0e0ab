#!/usr/bin/env node
// The program, put together: it is handed this process's environment, streams and signals. The server is loaded only
// when it is started.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { exitCodes, UsageError } from './cli/failures.ts';
import type { Local, SettingInForce } from './cli/local.ts';
import { run } from './cli/program.ts';
import type { World } from './cli/world.ts';
import { type Config, ConfigError, describe, readConfig } from './config.ts';
import { version } from './version.ts';

/** A stop that has not ended by itself in this time is an error. */
const stopWithinMs = 25_000;

const stop = new AbortController();
const world: World = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
  now: () => Date.now(),
  pause: (milliseconds) => after(milliseconds, undefined, { signal: stop.signal }),
};

function settings(): Config {
  try {
    return readConfig(process.env, (path) => readFileSync(path, 'utf8'));
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message, { cause: error }) : error;
  }
}

const print = (line: string) => {
  process.stdout.write(`${line}\n`);
};

const local: Local = {
  settings: () => describe(settings()) as SettingInForce[],

  async serve() {
    const config = settings();
    // Files wait for the disk on these threads, and four of them, as many as there are by default, would let no more than
    // four captures wait at a time. It counts because nothing has used them yet.
    process.env['UV_THREADPOOL_SIZE'] ??= '16';
    const { serve } = await import('./serve.ts');
    const served = await serve(config, { print, traceEnv: process.env });
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
    print('mediadock is stopping: what runs is finished first');
    await Promise.race([served.close(), lateStop()]);
  },

  async restore(backup) {
    const { restore } = await import('./restore.ts');
    await restore({ ...backup, signal: stop.signal });
  },

  async demo() {
    const config = settings();
    const { runDemo } = await import('./demo.ts');
    await runDemo(config, print, stop.signal);
  },
};

async function lateStop(): Promise<never> {
  await after(stopWithinMs, undefined, { ref: false });
  throw new Error(`it did not stop within ${stopWithinMs / 1000} s`);
}

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // Who asks twice does not want to wait.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted.code);
    stop.abort();
  });
}

// `mediadock media ls | head -1`: whoever reads has had enough.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitCodes.done.code);
  });
}

process.exitCode = await run(process.argv.slice(2), world, local, version);
// Whatever a stop has left open does not keep the process.
if (stop.signal.aborted) setTimeout(() => process.exit(), 1_000).unref();
