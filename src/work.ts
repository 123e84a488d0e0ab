// What a gateway does by itself: captures, delivers, removes, ages, looks upstream. Each is woken when there is work for it.

import { availableParallelism } from 'node:os';
import { carriers } from './carriers/registry.ts';
import { recordsCopier } from './copy-records.ts';
import type { JobKind } from './core/records.ts';
import { backups } from './flows/backup.ts';
import { captureWork } from './flows/capture.ts';
import { carrierCopies } from './flows/carrier-copies.ts';
import { deliverWork } from './flows/deliver.ts';
import { eventBell } from './flows/event-bell.ts';
import { orphanSearch } from './flows/orphans.ts';
import { startPump } from './flows/pump.ts';
import { reconciliation } from './flows/reconcile.ts';
import { removeWork } from './flows/remove.ts';
import { watchSuspects } from './flows/suspects.ts';
import { startSweeper } from './flows/sweep.ts';
import type { Foundation } from './foundation.ts';
import { socketHub } from './transports/socket-hub.ts';
import { webhookTransport } from './transports/webhook.ts';

export type Work = Awaited<ReturnType<typeof startWork>>;

export async function startWork(foundation: Foundation) {
  const {
    config,
    clock,
    chance,
    log,
    pass,
    tracing,
    dialects,
    onError,
    folder,
    metrics,
    records,
    store,
    blobs,
    seals,
    requester,
    room,
    known,
    links,
    publicUrl,
  } = foundation;

  const bell = eventBell({ records, onError });
  const wake = () => {
    captures.poke();
    deliveries.poke();
    removals.poke();
    bell.poke();
  };
  // What happens with every message wakes only those that it gives work.
  const wakeForMessage = (ready: readonly JobKind[]) => {
    if (ready.includes('capture')) captures.poke();
    if (ready.includes('deliver')) deliveries.poke();
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
  const backlogPerSecond = config.backlogPerSecond * availableParallelism();
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
    backlogPerSecond,
    open: room.forCaptures,
    onError,
  });
  const deliveries = startPump({
    name: 'deliveries',
    records,
    clock,
    claim: records.claimDeliveries,
    // What is told carries links, and those need the address that is known once the server listens.
    open: () => publicUrl() !== '',
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
    backlogPerSecond,
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
    // Nobody waits for a removal.
    backlogPerSecond: 0,
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
    publicUrl,
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

  return {
    bell,
    wake,
    wakeForMessage,
    sockets,
    sending,
    deliveries,
    backing,
    sweeper,
    /** Takes nothing new, and finishes what runs within `graceMs`. */
    async stop(graceMs: number) {
      await backing.stop();
      await Promise.all([captures.stop(graceMs), deliveries.stop(graceMs), removals.stop(graceMs), sweeper.stop()]);
    },
  };
}
