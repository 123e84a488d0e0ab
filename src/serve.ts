// A gateway as it is run: with the sandbox carrier beside it while no real one is set up, and a first photo sent through it.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { type Logger, makeLog } from './log.ts';
import { openTracing, type TraceEnv } from './observing/tracing.ts';
import { openSandboxCarrier, type SandboxCarrier } from './sandbox-carrier.ts';
import { shippedFile, show } from './show.ts';
import { version } from './version.ts';

export type Served = {
  gateway: Gateway;
  /** Absent when a real carrier is set up, or the sandbox is off. */
  sandbox: { carrier: SandboxCarrier; intakeUrl: string } | undefined;
  close(): Promise<void>;
};

export type ServeOptions = {
  print(line: string): void;
  log?: Logger;
  /** Whether a fresh sandbox sends its first photo; it does by default. */
  firstPhoto?: boolean;
  /** Variables that say whether traces are kept, and where they go; none without them. */
  traceEnv?: TraceEnv;
};

// How a person calls us: from a clone by npm, from an installed package by its name.
const command = import.meta.url.endsWith('.ts') ? 'npm run -s mediadock --' : 'npx mediadock';

/** @throws Error when the gateway cannot start; its message says what to do */
export async function serve(
  config: Config,
  { print, log = makeLog(config.logLevel), firstPhoto = true, traceEnv = {} }: ServeOptions,
): Promise<Served> {
  const clock = { now: () => Date.now() };
  const folder = resolve(config.dataDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const carrier = wantsSandbox(config, folder) ? await openSandboxCarrier(folder, clock) : undefined;
  const tracing = await openTracing(traceEnv, version);
  let gateway: Gateway | undefined;
  const close = async () => {
    // The sandbox goes last: captures that are running still fetch from it.
    await gateway?.close();
    await carrier?.close();
    await tracing?.close();
  };
  try {
    gateway = await startGateway(config, {
      clock,
      log,
      tracing,
      ...(carrier && { ownOrigins: carrier.origins }),
    });
    greet(gateway, folder, print);
    const attached = carrier && ((await onlySandbox(gateway, config)) ? await carrier.attach(gateway) : undefined);
    if (carrier === undefined || attached === undefined) return { gateway, sandbox: undefined, close };
    if (attached.fresh && firstPhoto) await firstRun(gateway, carrier, attached.intakeUrl, print);
    return { gateway, sandbox: { carrier, intakeUrl: attached.intakeUrl }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `auto`: on a first run, and as long as the sandbox that was made then is the only carrier. */
function wantsSandbox(config: Config, folder: string): boolean {
  if (config.sandbox !== 'auto') return config.sandbox === 'on';
  return existsSync(join(folder, 'sandbox.json')) || !existsSync(join(folder, 'mediadock.db'));
}

async function onlySandbox(gateway: Gateway, config: Config): Promise<boolean> {
  if (config.sandbox === 'on') return true;
  const { rows } = await gateway.records.listConnections({ page: { limit: 10, cursor: null } });
  return rows.every(({ name }) => name === 'Sandbox');
}

function greet(gateway: Gateway, folder: string, print: (line: string) => void): void {
  print(`mediadock ${version} is ready at ${gateway.publicUrl}, its data in ${folder}`);
  const { made, value, file } = gateway.adminKey;
  if (made) print(`The administrator's key is ${value} (kept in ${file})`);
}

async function firstRun(
  gateway: Gateway,
  carrier: SandboxCarrier,
  intakeUrl: string,
  print: (line: string) => void,
): Promise<void> {
  print('');
  print('No carrier is set up yet, so here is a photo through the sandbox carrier:');
  const url = await show(gateway, carrier, intakeUrl, shippedFile('photo.jpg'), 'The damage at the front', print);
  print(`     ${url}`);
  print('');
  print(`Send files of your own from another terminal:  ${command} sandbox send FILE --caption "…"`);
  print('Set up WhatsApp: docs/carriers/whatsapp-cloud.md. Press Ctrl-C to stop.');
}
