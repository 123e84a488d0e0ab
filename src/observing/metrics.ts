// What the flows report, counted for Prometheus. A registry of its own for each gateway. Labels hold words and ids of ours,
// never what a stranger wrote: no message, no media, no number.
// https://prometheus.io/docs/practices/naming/

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CaptureReport } from '../flows/capture.ts';
import type { DeliveryReport } from '../flows/deliver.ts';
import type { IntakeReport } from '../flows/intake.ts';
import { fewValues } from './few-values.ts';
import { type StandingParts, standing } from './standing.ts';
import { watchProcess } from './watch-process.ts';

/** One answered HTTP request. `route`: the pattern that it matched, never its path. */
export type SeenRequest = { route: string; status: number; ms: number; bytes: number };

export type Metrics = {
  intake(report: IntakeReport): void;
  capture(report: CaptureReport): void;
  delivery(report: DeliveryReport): void;
  /** A commit of several commands is over. @param ms from the moment it was begun */
  commit(commands: number, ms: number): void;
  request(seen: SeenRequest): void;
  /** Adds what stands in the records and the store to what is read from now on. */
  watch(parts: StandingParts): void;
  /** Everything, in Prometheus's text format 0.0.4. */
  read(): Promise<string>;
  close(): void;
};

/** The content type of `read`. */
export const metricsType = Registry.PROMETHEUS_CONTENT_TYPE;

const linkRoute = '/media/*';
/** Error codes of carriers come from outside. */
const mostReasons = 100;

/** @param about what runs: labels of `mediadock_build_info` */
export function openMetrics(about: { version: string; database: string }): Metrics {
  const registry = new Registry();
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter<Label>({ name: `mediadock_${name}`, help, labelNames, registers: [registry] });
  /** By outcomes that are known beforehand: each begins at 0, because Prometheus sees no increase in a series that begins. */
  const outcomes = <Outcome extends string>(name: string, help: string, all: Record<Outcome, true>) => {
    const made = counter(name, help, ['outcome']);
    for (const outcome of Object.keys(all)) made.inc({ outcome }, 0);
    return (outcome: Outcome) => made.inc({ outcome });
  };
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `mediadock_${name}`, help, buckets, registers: [registry] });

  const intakeRequest = outcomes<IntakeReport['outcome']>(
    'intake_requests_total',
    'Requests to intake addresses of known connections.',
    { handshake: true, accepted: true, refused: true, failed: true },
  );
  const intakeFaults = counter('intake_faults_total', 'Those that were refused or failed, by fault.', ['reason']);
  const intakeUnverified = counter(
    'intake_unverified_total',
    'Webhooks taken although their signature did not fit, because their connection is on trial.',
  );
  const intakeItems = counter('intake_items_total', 'What stored webhooks told.', ['kind']);
  const intakeSeconds = histogram(
    'intake_seconds',
    'From the whole request to the answer, which comes after the commit.',
    [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  );
  const capture = outcomes<CaptureReport['outcome']>('captures_total', 'Tries to capture a file.', {
    stored: true,
    retry: true,
    unavailable: true,
    unwanted: true,
    stale: true,
  });
  const captureFailures = counter('capture_failures_total', 'Those that brought no file, by reason.', ['reason']);
  const capturedBytes = counter('captured_bytes_total', 'Bytes of files that were captured.');
  const storedSeconds = histogram(
    'receipt_to_stored_seconds',
    'From the receipt of a webhook until its file is stored.',
    [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43_200, 86_400],
  );
  const mismatches = counter(
    'integrity_mismatches_total',
    'Files kept although they are not what the carrier declared.',
  );
  const dedupeHits = counter('dedupe_hits_total', 'Captured files whose bytes their app had already.');
  const dedupeBytes = counter('dedupe_saved_bytes_total', 'Bytes that were not kept twice.');
  const attempt = outcomes<DeliveryReport['outcome']>('delivery_attempts_total', 'Attempts to deliver.', {
    delivered: true,
    retry: true,
    dead: true,
    pause_endpoint: true,
    stale: true,
  });
  const answers = counter('delivery_answers_total', 'What applications answered to them.', ['status']);
  const attemptSeconds = histogram(
    'delivery_attempt_seconds',
    'How long an attempt took, the reading of the answer included.',
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
  );
  const commitSeconds = histogram(
    'commit_seconds',
    'From the moment a commit is handed to the database until it is durable.',
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  );
  const commitCommands = histogram(
    'commit_commands',
    'Commands that shared one commit.',
    [1, 2, 4, 8, 16, 32, 64, 128],
  );
  const requests = counter('http_requests_total', 'Answered HTTP requests.', ['route', 'status']);
  const requestSeconds = histogram(
    'http_request_seconds',
    'How long HTTP requests took, until their answer was out.',
    [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
  );
  const downloads = counter('link_downloads_total', 'Requests to links, by status.', ['status']);
  const downloadBytes = counter('link_bytes_total', 'Bytes of files that answers to links announced.');

  new Gauge({
    name: 'mediadock_build_info',
    help: 'Always 1; its labels say what runs.',
    labelNames: ['version', 'database'],
    registers: [registry],
  }).set(about, 1);
  let refreshStanding = async () => {};
  const ownProcess = watchProcess(registry);
  const intakeReason = fewValues(mostReasons);
  const captureReason = fewValues(mostReasons);

  return {
    intake({ outcome, reason, stored, unverified, durationMs }) {
      intakeRequest(outcome);
      if (unverified !== undefined) intakeUnverified.inc();
      if (reason !== null) intakeFaults.inc({ reason: intakeReason(reason) });
      if (stored === undefined) return;
      intakeSeconds.observe(durationMs / 1000);
      const items = {
        message: stored.created,
        duplicate: stored.duplicates,
        media_added: stored.mediaAdded,
        status: stored.statuses,
        notice: stored.notices,
        unrouted: stored.unrouted,
        unparsed: stored.unparsed,
      };
      for (const [kind, count] of Object.entries(items)) if (count > 0) intakeItems.inc({ kind }, count);
    },
    capture({ outcome, reason, sinceReceiptMs, size, deduplicated, mismatch }) {
      capture(outcome);
      if (reason !== null) captureFailures.inc({ reason: captureReason(reason) });
      if (outcome !== 'stored') return;
      storedSeconds.observe(sinceReceiptMs / 1000);
      capturedBytes.inc(size ?? 0);
      if (mismatch) mismatches.inc();
      if (!deduplicated) return;
      dedupeHits.inc();
      dedupeBytes.inc(size ?? 0);
    },
    delivery({ outcome, status, durationMs }) {
      attempt(outcome);
      answers.inc({ status: status === null ? 'none' : `${Math.floor(status / 100)}xx` });
      attemptSeconds.observe(durationMs / 1000);
    },
    commit(commands, ms) {
      commitSeconds.observe(ms / 1000);
      commitCommands.observe(commands);
    },
    request({ route, status, ms, bytes }) {
      requests.inc({ route, status: String(status) });
      requestSeconds.observe(ms / 1000);
      if (route !== linkRoute) return;
      downloads.inc({ status: String(status) });
      downloadBytes.inc(bytes);
    },
    watch(parts) {
      refreshStanding = standing(registry, parts);
    },
    async read() {
      await refreshStanding();
      ownProcess.refresh();
      return await registry.metrics();
    },
    close: () => ownProcess.close(),
  };
}
