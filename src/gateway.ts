// Wires everything once, by hand: what is opened here is closed here, in the opposite order.

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { diskStore } from './blobs/disk.ts';
import { withRecent } from './blobs/recent.ts';
import { carriers } from './carriers/registry.ts';
import type { Config } from './config.ts';
import { passing } from './core/failpoints.ts';
import { Fault } from './core/faults.ts';
import type { Clock } from './core/ids.ts';
import { gatewayLinks, linkSigner } from './core/links.ts';
import type { Records } from './core/records.ts';
import type { SandboxDesk } from './core/sandbox-desk.ts';
import { sealer } from './core/sealing.ts';
import { dialects } from './dialects/registry.ts';
import { access } from './flows/access.ts';
import { accounts } from './flows/accounts.ts';
import { type Administration, administration } from './flows/administration.ts';
import { blindCursors } from './flows/blind-cursors.ts';
import { captureWork } from './flows/capture.ts';
import { deliverWork } from './flows/deliver.ts';
import { eraser } from './flows/erase.ts';
import { watchHeadRoom } from './flows/head-room.ts';
import { intake } from './flows/intake.ts';
import { rememberLinkFacts } from './flows/link-facts.ts';
import { mediaDesk } from './flows/media-desk.ts';
import { orphanSearch } from './flows/orphans.ts';
import { startPump } from './flows/pump.ts';
import { removeWork } from './flows/remove.ts';
import { watchSuspects } from './flows/suspects.ts';
import { startSweeper } from './flows/sweep.ts';
import { watchHealth } from './health.ts';
import { type HeldSecret, heldAdminKey, heldSecretKey } from './held-secrets.ts';
import { buildHttp } from './http/app.ts';
import { type Logger, makeLog } from './log.ts';
import { openRecords } from './open-records.ts';
import { guardedRequester } from './outgoing/guarded-requester.ts';
import { webhookTransport } from './transports/webhook.ts';
import { version } from './version.ts';

export type Gateway = {
  /** Where it listens: `http://host:port`. */
  url: string;
  publicUrl: string;
  adminKey: HeldSecret;
  records: Records;
  administration: Administration;
  /** There may be work that became due: for a clock that was moved by hand. */
  wake(): void;
  /** One round of ageing, now. */
  sweep(): Promise<void>;
  /** Attaches the sandbox carrier to its route, once it runs. */
  useSandbox(desk: SandboxDesk): void;
  /** Takes nothing new, finishes what runs within `graceMs`, and closes. */
  close(graceMs?: number): Promise<void>;
};

export type GatewayOptions = {
  clock?: Clock;
  log?: Logger;
  chance?: () => number;
  /** `host:port` of servers that this process itself runs beside the gateway, and that the guard lets pass. */
  ownOrigins?: readonly string[];
};

const defaultGraceMs = 20_000;

/** @throws Error when the data folder is in use, the database is newer than the code, or the port is taken */
export async function startGateway(config: Config, options: GatewayOptions = {}): Promise<Gateway> {
  const clock = options.clock ?? { now: () => Date.now() };
  const chance = options.chance ?? Math.random;
  const log = options.log ?? makeLog(config.logLevel);
  const pass = passing(config.failpoints, () => process.kill(process.pid, 'SIGKILL'));
  const onError = (error: unknown, about: string) => log.error({ err: error, about }, 'failed');

  const folder = resolve(config.dataDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const secretKey = await heldSecretKey(folder, config.secretKey);
  const adminKey = await heldAdminKey(folder, config.adminKey);
  const secretKeys = [secretKey.value, ...config.previousSecretKeys].map(
    (key) => new Uint8Array(Buffer.from(key, 'base64')),
  );

  const opened = await openRecords(config, folder, clock, log);
  const records = rememberLinkFacts(opened, clock);
  const blobs = withRecent(await diskStore(join(folder, 'blobs'), pass), config.recentFilesBytes);
  const seals = sealer(secretKeys);
  const signer = linkSigner(secretKeys);
  const requester = guardedRequester({
    allowedRanges: config.allowPrivateNetworks,
    allowedOrigins: options.ownOrigins ?? [],
    userAgent: `mediadock/${version}`,
    connectTimeoutMs: config.connectTimeoutSeconds * 1000,
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

  const wake = () => {
    captures.poke();
    deliveries.poke();
    removals.poke();
  };
  // What happens with every message wakes only those that it gives work.
  const wakeForMessage = () => {
    captures.poke();
    deliveries.poke();
  };
  const captures = startPump({
    name: 'captures',
    records,
    clock,
    claim: records.claimCaptures,
    work: captureWork({
      records,
      blobs,
      requester,
      carriers,
      sealer: seals,
      clock,
      chance,
      limits: {
        mediaBytes: config.mediaBytes,
        headersTimeoutMs: config.headersTimeoutSeconds * 1000,
        stallMs: config.stallSeconds * 1000,
        minBytesPerSecond: config.minBytesPerSecond,
      },
      onWork: () => deliveries.poke(),
      onError,
      pass,
      report: (line) => log[line.reason === 'redirect_refused' ? 'error' : 'info'](line, 'capture'),
    }),
    places: config.captures,
    perLane: config.capturesPerChannel,
    perFailingLane: config.capturesPerFailingChannel,
    open: room.forCaptures,
    onError,
  });
  const deliveries = startPump({
    name: 'deliveries',
    records,
    clock,
    claim: records.claimDeliveries,
    work: deliverWork({
      records,
      dialects,
      transport: webhookTransport({ requester, clock }),
      links,
      sealer: seals,
      clock,
      chance,
      ...(config.deliveryTimeoutSeconds !== undefined && { timeoutMs: config.deliveryTimeoutSeconds * 1000 }),
      onError,
      pass,
      report: (line) => log.info(line, 'delivery'),
    }),
    places: config.deliveries,
    perLane: config.deliveriesPerEndpoint,
    // An endpoint that hangs holds each place for as long as an attempt may take.
    perFailingLane: Math.max(1, Math.floor(config.deliveriesPerEndpoint / 4)),
    onError,
  });
  const removals = startPump({
    name: 'removals',
    records,
    clock,
    claim: records.claimRemovals,
    work: removeWork({ records, blobs, clock, onError, pass, report: (line) => log.info(line, 'removal') }),
    places: 4,
    perLane: 4,
    perFailingLane: 1,
    onError,
  });
  const orphans = orphanSearch({ records, blobs, clock, report: (line) => log.info(line, 'orphans') });
  const suspects = watchSuspects({
    records,
    report: (line) => log.error(line, 'a job rests: its claims lapsed again and again'),
  });
  // Those that a former process brought to rest.
  void suspects().catch((error: unknown) => onError(error, 'resting jobs'));
  const sweeper = startSweeper({ records, clock, orphans, suspects, onWork: wake, onError });

  const administer = administration({
    records,
    carriers,
    dialects,
    accounts: known,
    sealer: seals,
    requester,
    clock,
    onWork: wake,
  });
  let sandbox: SandboxDesk | undefined;
  const app = buildHttp({
    records: blindCursors(records, secretKeys),
    intake: intake({
      records,
      accounts: known,
      carriers,
      clock,
      limits: { queueBytes: config.intakeQueueBytes, queueRequests: config.intakeQueueRequests },
      roomLeft: room.forIntake,
      onWork: wakeForMessage,
      report: (line) => log.info(line, 'intake'),
      pass,
    }),
    administration: administer,
    desk: mediaDesk({ records, blobs, clock, onWork: wake }),
    eraser: eraser({ records, clock, sweep: sweeper.sweepNow, onWork: wake }),
    access: access(records, adminKey.value, clock),
    signer,
    links,
    clock,
    publicUrl: () => publicUrl,
    limits: {
      intakeBodyBytes: config.intakeBodyBytes,
      jsonBodyBytes: config.jsonBodyBytes,
      headerBytes: config.headerBytes,
    },
    log,
    health: watchHealth({ records, blobs, room, clock }),
    onWork: wake,
    sandbox: {
      send(message, signal) {
        if (sandbox === undefined) throw new Fault('not_found', { detail: 'The sandbox carrier is off.' });
        return sandbox.send(message, signal);
      },
    },
  });

  async function close(graceMs = defaultGraceMs): Promise<void> {
    await app.close();
    await Promise.all([captures.stop(graceMs), deliveries.stop(graceMs), removals.stop(graceMs), sweeper.stop()]);
    room.stop();
    await requester.close();
    await records.close();
  }

  try {
    const url = await app.listen({ host: config.host, port: config.port });
    publicUrl = config.publicUrl ?? url;
    return {
      url,
      publicUrl,
      adminKey,
      records,
      administration: administer,
      wake,
      sweep: sweeper.sweepNow,
      useSandbox(desk) {
        sandbox = desk;
      },
      close,
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}
