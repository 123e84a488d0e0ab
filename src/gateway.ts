// Wires everything once, by hand: what is opened here is closed here, in the opposite order.

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { diskStore } from './blobs/disk.ts';
import { withRecent } from './blobs/recent.ts';
import { carriers } from './carriers/registry.ts';
import type { Config } from './config.ts';
import { recordsCopier } from './copy-records.ts';
import type { Dialects } from './core/dialect.ts';
import { passing } from './core/failpoints.ts';
import { Fault } from './core/faults.ts';
import type { Clock } from './core/ids.ts';
import { gatewayLinks, linkSigner } from './core/links.ts';
import type { Records } from './core/records.ts';
import type { SandboxDesk } from './core/sandbox-desk.ts';
import { sealer, secretKeyId } from './core/sealing.ts';
import type { Tracing } from './core/tracing.ts';
import { diagnostician } from './diagnose.ts';
import { dialects as registered } from './dialects/registry.ts';
import { access } from './flows/access.ts';
import { accounts } from './flows/accounts.ts';
import { type Administration, administration } from './flows/administration.ts';
import { backups } from './flows/backup.ts';
import { blindCursors } from './flows/blind-cursors.ts';
import { captureWork } from './flows/capture.ts';
import { carrierCopies } from './flows/carrier-copies.ts';
import { deliverWork } from './flows/deliver.ts';
import { dialectDesk } from './flows/desk/index.ts';
import { redirectMemory } from './flows/doctor/look-at-redirects.ts';
import { eraser } from './flows/erase.ts';
import { eventBell } from './flows/event-bell.ts';
import { eventFeed } from './flows/event-feed.ts';
import { eventStreams } from './flows/event-stream.ts';
import { watchHeadRoom } from './flows/head-room.ts';
import { idempotency } from './flows/idempotency.ts';
import { intake } from './flows/intake.ts';
import { rememberLinkFacts } from './flows/link-facts.ts';
import { mediaDesk } from './flows/media-desk.ts';
import { orphanSearch } from './flows/orphans.ts';
import { startPump } from './flows/pump.ts';
import { reconciliation } from './flows/reconcile.ts';
import { removeWork } from './flows/remove.ts';
import { replays } from './flows/replay.ts';
import { scrubbing } from './flows/scrub.ts';
import { socketSessions } from './flows/socket-sessions.ts';
import { watchSuspects } from './flows/suspects.ts';
import { startSweeper } from './flows/sweep.ts';
import { testDelivery } from './flows/test-delivery.ts';
import { uploads } from './flows/upload.ts';
import { users } from './flows/users.ts';
import { watchHealth } from './health.ts';
import { type HeldSecret, heldAdminKey, heldSecretKey } from './held-secrets.ts';
import { buildHttp, routeGroups } from './http/app.ts';
import { dialectOpenApi } from './http/dialect-openapi.ts';
import { socketStreams } from './http/event-streams.ts';
import { openApi } from './http/openapi.ts';
import { limitWrongKeys, rateLimit } from './http/rate-limit.ts';
import { type Logger, makeLog } from './log.ts';
import { metricsType, openMetrics } from './observing/metrics.ts';
import { openRecords } from './open-records.ts';
import { guardedRequester } from './outgoing/guarded-requester.ts';
import { socketHub } from './transports/socket-hub.ts';
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
  /** The wire formats that are spoken; by default all that come with it. The native one must be among them. */
  dialects?: Dialects;
  /** Absent: no traces are kept. Whoever opened it closes it. */
  tracing?: Tracing | undefined;
};

const defaultGraceMs = 20_000;

/** @throws Error when the data folder is in use, the database is newer than the code, or the port is taken */
export async function startGateway(config: Config, options: GatewayOptions = {}): Promise<Gateway> {
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

  const bell = eventBell({ records, onError });
  const wake = () => {
    captures.poke();
    deliveries.poke();
    removals.poke();
    bell.poke();
  };
  // What happens with every message wakes only those that it gives work.
  const wakeForMessage = () => {
    captures.poke();
    deliveries.poke();
    bell.poke();
  };
  const sockets = socketHub({ clock });
  const sending = {
    dialects,
    sockets,
    transport: webhookTransport({ requester, clock }),
    links,
    sealer: seals,
    clock,
    ...(config.deliveryTimeoutSeconds !== undefined && { timeoutMs: config.deliveryTimeoutSeconds * 1000 }),
    onError,
  };
  const copies = carrierCopies({
    requester,
    report: (line) => log[line.outcome === 'dropped' ? 'info' : 'warn'](line, "the carrier's copy"),
  });
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
      copies,
      onWork() {
        deliveries.poke();
        bell.poke();
      },
      onError,
      pass,
      report(line) {
        metrics.capture(line);
        log[line.reason === 'redirect_refused' ? 'error' : 'info'](line, 'capture');
      },
      tracing,
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
      ...sending,
      chance,
      pass,
      report(line) {
        metrics.delivery(line);
        log.info(line, 'delivery');
      },
      tracing,
    }),
    places: config.deliveries,
    perLane: config.deliveriesPerEndpoint,
    // An endpoint that hangs holds each place for as long as an attempt may take.
    perFailingLane: Math.max(1, Math.floor(config.deliveriesPerEndpoint / 4)),
    onError,
  });
  const backing = backups({
    records,
    blobs: store,
    copyRecords: await recordsCopier(config, dialects, folder),
    clock,
    onWork: () => removals.poke(),
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
    open: () => !backing.holdsRemovals(),
    onError,
  });
  const orphans = orphanSearch({ records, blobs, clock, report: (line) => log.info(line, 'orphans') });
  const suspects = watchSuspects({
    records,
    report: (line) => log.error(line, 'a job rests: its claims lapsed again and again'),
  });
  // Those that a former process brought to rest.
  void suspects().catch((error: unknown) => onError(error, 'resting jobs'));
  const missed = reconciliation({
    records,
    accounts: known,
    carriers,
    requester,
    sealer: seals,
    copies,
    clock,
    publicUrl: () => publicUrl,
    onWork: wake,
    report: (line) => log[line.outcome === 'failed' ? 'warn' : 'info'](line, 'reconciliation'),
    onError,
  });
  const sweeper = startSweeper({
    records,
    clock,
    orphans,
    suspects,
    async upstream(signal) {
      await copies.again(signal);
      await missed.look(signal);
    },
    onWork: wake,
    onError,
  });

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
  const blinded = blindCursors(records, secretKeys);
  const who = access(records, adminKey.value, clock);
  const streams = socketStreams({
    access: who,
    openStream: eventStreams({ records: blinded, bell, links, clock, onError }),
    clock,
    log,
  });
  metrics.watch({ records, room, clock, streams: streams.standing, sockets: sockets.standing });
  const erasing = eraser({ records, clock, sweep: sweeper.sweepNow, onWork: wake });
  const taken = uploads({
    records,
    blobs: store,
    clock,
    limits: {
      uploadBytes: config.uploadBytes,
      stallMs: config.stallSeconds * 1000,
      minBytesPerSecond: config.minBytesPerSecond,
    },
    roomLeft: room.forCaptures,
    onError,
  });
  const people = users({ records: blinded, administration: administer, clock });
  const atDesk = dialectDesk({
    records: blinded,
    administration: administer,
    eraser: erasing,
    uploads: taken,
    users: people,
    dialects,
    carriers,
    links,
    sealer: seals,
    clock,
    onWork: wake,
  });
  const app = buildHttp({
    records: blinded,
    intake: intake({
      records,
      accounts: known,
      carriers,
      clock,
      limits: { queueBytes: config.intakeQueueBytes, queueRequests: config.intakeQueueRequests },
      roomLeft: room.forIntake,
      onWork: wakeForMessage,
      report(line) {
        metrics.intake(line);
        log[line.unverified === undefined ? 'info' : 'warn'](line, 'intake');
      },
      tracing,
      pass,
    }),
    administration: administer,
    facades: {
      dialects,
      desk: atDesk,
      sockets: socketSessions({
        records,
        hub: sockets,
        desk: atDesk,
        sealer: seals,
        clock,
        onWork: () => deliveries.poke(),
        onError,
      }),
    },
    desk: mediaDesk({ records, blobs, clock, onWork: wake }),
    scrub: scrubbing({ records: blinded, blobs: store, clock, onWork: wake, onError }),
    backups: backing,
    secretKeyId: secretKeyId(newestKey),
    eraser: erasing,
    uploads: taken,
    users: people,
    events: eventFeed(blinded, bell),
    streams,
    replays: replays({
      records: blinded,
      accounts: known,
      carriers,
      clock,
      publicUrl: () => publicUrl,
      onWork: wake,
      onError,
    }),
    testDelivery: testDelivery({ ...sending, records }),
    idempotency: idempotency({ records, sealer: seals, secretKey: newestKey, clock, onError }),
    access: who,
    limitRate: rateLimit({ perMinute: config.ratePerMinute, perSecond: config.rateBurstPerSecond }, clock),
    wrongKeys: config.ratePerMinute === 0 ? undefined : limitWrongKeys(),
    signer,
    links,
    clock,
    publicUrl: () => publicUrl,
    limits: {
      intakeBodyBytes: config.intakeBodyBytes,
      jsonBodyBytes: config.jsonBodyBytes,
      headerBytes: config.headerBytes,
      uploadBytes: config.uploadBytes,
    },
    log,
    metrics: { request: metrics.request, read: metrics.read, type: metricsType, token: config.metricsToken },
    doctor: diagnostician({
      config,
      records,
      blobs: store,
      room,
      carriers,
      accounts: known,
      sealer: seals,
      requester,
      clock,
      secretKey: newestKey,
      userAgent,
      publicUrl: () => publicUrl,
      redirects: redirects.all,
    }),
    health: watchHealth({ records, blobs, room, clock }),
    openApi: (dialect) => (dialect === undefined ? openApi(routeGroups, version) : dialectOpenApi(dialect, version)),
    onWork: wake,
    sandbox: {
      send(message, signal) {
        if (sandbox === undefined) throw new Fault('not_found', { detail: 'The sandbox carrier is off.' });
        return sandbox.send(message, signal);
      },
    },
  });

  async function close(graceMs = defaultGraceMs): Promise<void> {
    bell.stop();
    await app.close();
    await backing.stop();
    await Promise.all([captures.stop(graceMs), deliveries.stop(graceMs), removals.stop(graceMs), sweeper.stop()]);
    room.stop();
    metrics.close();
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
      sweep: sweeper.roundNow,
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
