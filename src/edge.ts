// What a gateway is asked from outside: by carriers, applications, operators.

import { carriers } from './carriers/registry.ts';
import { Fault } from './core/faults.ts';
import type { SandboxDesk } from './core/sandbox-desk.ts';
import { secretKeyId } from './core/sealing.ts';
import { diagnostician } from './diagnose.ts';
import { access } from './flows/access.ts';
import { administration } from './flows/administration.ts';
import { dialectDesk } from './flows/desk/index.ts';
import { eraser } from './flows/erase.ts';
import { eventFeed } from './flows/event-feed.ts';
import { eventStreams } from './flows/event-stream.ts';
import { idempotency } from './flows/idempotency.ts';
import { intake } from './flows/intake.ts';
import { mediaDesk } from './flows/media-desk.ts';
import { replays } from './flows/replay.ts';
import { scrubbing } from './flows/scrub.ts';
import { socketSessions } from './flows/socket-sessions.ts';
import { testDelivery } from './flows/test-delivery.ts';
import { uploads } from './flows/upload.ts';
import { users } from './flows/users.ts';
import type { Foundation } from './foundation.ts';
import { watchHealth } from './health.ts';
import { buildHttp, routeGroups } from './http/app.ts';
import { dialectOpenApi } from './http/dialect-openapi.ts';
import { socketStreams } from './http/event-streams.ts';
import { openApi } from './http/openapi.ts';
import { limitWrongKeys, rateLimit } from './http/rate-limit.ts';
import { metricsType } from './observing/metrics.ts';
import { version } from './version.ts';
import type { Work } from './work.ts';

export type Edge = ReturnType<typeof buildEdge>;

export function buildEdge(foundation: Foundation, work: Work) {
  const {
    config,
    clock,
    log,
    pass,
    tracing,
    dialects,
    onError,
    adminKey,
    newestKey,
    metrics,
    records,
    blinded,
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
    publicUrl,
  } = foundation;
  const { bell, wake, wakeForMessage, sockets, sending, deliveries, backing, sweeper } = work;

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
      publicUrl,
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
    publicUrl,
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
      publicUrl,
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

  return {
    app,
    administration: administer,
    useSandbox(desk: SandboxDesk) {
      sandbox = desk;
    },
  };
}
