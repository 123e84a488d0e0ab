// What a gateway stands on: its keys, its records and files, the guarded client, and how it measures itself. Everything above
// is given this as a whole.

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { diskStore } from './blobs/disk.ts';
import { withRecent } from './blobs/recent.ts';
import type { Config } from './config.ts';
import type { Dialects } from './core/dialect.ts';
import { passing } from './core/failpoints.ts';
import type { Clock } from './core/ids.ts';
import { gatewayLinks, linkSigner } from './core/links.ts';
import { sealer } from './core/sealing.ts';
import type { Tracing } from './core/tracing.ts';
import { dialects as registered } from './dialects/registry.ts';
import { accounts } from './flows/accounts.ts';
import { blindCursors } from './flows/blind-cursors.ts';
import { redirectMemory } from './flows/doctor/look-at-redirects.ts';
import { watchHeadRoom } from './flows/head-room.ts';
import { rememberLinkFacts } from './flows/link-facts.ts';
import { heldAdminKey, heldSecretKey } from './held-secrets.ts';
import { type Logger, makeLog } from './log.ts';
import { openMetrics } from './observing/metrics.ts';
import { openRecords } from './open-records.ts';
import { guardedRequester } from './outgoing/guarded-requester.ts';
import { version } from './version.ts';

export type GatewayOptions = {
  clock?: Clock;
  log?: Logger;
  chance?: () => number;
  /** `host:port` of servers that this process itself runs beside the gateway, and that the guard lets pass. */
  ownOrigins?: readonly string[];
  /** The wire formats that are spoken; by default all that come with it. The native one must be among them. */
  dialects?: Dialects;
  /** Absent: no traces are kept. Whoever opened it closes it. */
  tracing?: Tracing | undefined;
};

export type Foundation = Awaited<ReturnType<typeof openFoundation>>;

/** @throws Error when the data folder is in use, or the database is newer than the code */
export async function openFoundation(config: Config, options: GatewayOptions) {
  const clock = options.clock ?? { now: () => Date.now() };
  const chance = options.chance ?? Math.random;
  const log = options.log ?? makeLog(config.logLevel);
  const pass = passing(config.failpoints, () => process.kill(process.pid, 'SIGKILL'));
  const { tracing, dialects = registered } = options;
  const onError = (error: unknown, about: string) => log.error({ err: error, about }, 'failed');

  const folder = resolve(config.dataDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const secretKey = await heldSecretKey(folder, config.secretKey);
  const adminKey = await heldAdminKey(folder, config.adminKey);
  const bytesOf = (key: string) => new Uint8Array(Buffer.from(key, 'base64'));
  const newestKey = bytesOf(secretKey.value);
  const secretKeys = [newestKey, ...config.previousSecretKeys.map(bytesOf)];

  const metrics = openMetrics({ version, database: config.databaseUrl === undefined ? 'sqlite' : 'postgresql' });

  const opened = await openRecords(config, folder, { dialects, clock, log, onCommit: metrics.commit });
  const records = rememberLinkFacts(opened, clock);
  const store = await diskStore(join(folder, 'blobs'), pass);
  const blobs = withRecent(store, config.recentFilesBytes);
  const seals = sealer(secretKeys);
  const signer = linkSigner(secretKeys);
  const userAgent = `mediadock/${version}`;
  const redirects = redirectMemory();
  const requester = guardedRequester({
    allowedRanges: config.allowPrivateNetworks,
    allowedOrigins: options.ownOrigins ?? [],
    userAgent,
    connectTimeoutMs: config.connectTimeoutSeconds * 1000,
    onRedirect: redirects.saw,
  });
  const room = await watchHeadRoom(
    blobs,
    { captures: config.captureMinFreePercent / 100, intake: config.intakeMinFreePercent / 100 },
    onError,
  );
  const known = accounts(records, seals, clock);

  // Known only once it listens, when the port was left open.
  let publicUrl = config.publicUrl ?? '';
  const links = {
    to: (...args: Parameters<ReturnType<typeof gatewayLinks>['to']>) =>
      gatewayLinks(signer, publicUrl, config.linkSeconds).to(...args),
  };

  return {
    config,
    clock,
    chance,
    log,
    pass,
    tracing,
    dialects,
    onError,
    folder,
    adminKey,
    newestKey,
    metrics,
    records,
    /** As it leaves the house: cursors tell nothing. */
    blinded: blindCursors(records, secretKeys),
    store,
    blobs,
    seals,
    signer,
    userAgent,
    redirects,
    requester,
    room,
    known,
    links,
    publicUrl: () => publicUrl,
    /** Called once it listens. */
    isAt(url: string) {
      publicUrl = config.publicUrl ?? url;
    },
  };
}
