// Capturing one media: the hops to its bytes, the bytes to the store, and the verdict to the records.
//
//   1. the carrier names the first hop (a link that is still fresh, or a look-up)
//   2. answers are read, bounded, and lead to the next hop; a link that has died leads back to the look-up, once
//   3. the file streams through: bound, sha256, a look at its head, into the store
//   4. what arrived is held against what was declared; only then is it settled as stored
//
// A declared sha256 is a claim: the file is always fetched. Where separate downloads agree on other bytes, those are what
// the carrier has, and they are kept with integrity "mismatch": two downloads when only the hash differs, ten when the
// length differs too, because a proxy that cuts a file may cut it at the same place for a while.

import type { BlobStore } from '../core/blob-store.ts';
import { judgeCapture } from '../core/capture-verdict.ts';
import {
  type CaptureSubject,
  type Carrier,
  type Carriers,
  type Hop,
  type HopFailure,
  isFailure,
} from '../core/carrier.ts';
import type { PassFailpoint } from '../core/failpoints.ts';
import { type Clock, newId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { bareType, effectiveType } from '../core/media-type.ts';
import type { Integrity } from '../core/model.ts';
import type { CaptureReason } from '../core/reasons.ts';
import type { CaptureJob, CaptureSettled, CaptureSettlement, Records, StoredFile } from '../core/records.ts';
import { OutgoingError, type Requester } from '../core/requester.ts';
import type { Sealer } from '../core/sealing.ts';
import { clip, nameBytes } from '../core/text.ts';
import { inSpan, type Span, type TraceFacts, type Tracing } from '../core/tracing.ts';
import { openConnection } from './accounts.ts';
import type { CarrierCopies } from './carrier-copies.ts';
import { type Download, download, requestReason } from './download.ts';
import { smallAnswer } from './small-answer.ts';
import { sniff } from './sniff.ts';

export type CaptureReport = {
  media: string;
  channel: string;
  outcome: 'stored' | 'retry' | 'unavailable' | 'unwanted' | 'stale';
  reason: string | null;
  /** From the webhook to the store, for stored ones. */
  sinceReceiptMs: number;
  size: number | null;
  deduplicated: boolean;
  mismatch: boolean;
};

export type CaptureParts = {
  records: Pick<Records, 'settleCaptures'>;
  blobs: BlobStore;
  requester: Requester;
  carriers: Carriers;
  sealer: Sealer;
  clock: Clock;
  chance(): number;
  limits: { mediaBytes: number; headersTimeoutMs: number; stallMs: number; minBytesPerSecond: number };
  /** Drops the carrier's own copy where that is wished; called when a file is durable. */
  copies: Pick<CarrierCopies, 'drop'>;
  onWork(): void;
  report(report: CaptureReport): void;
  onError(error: unknown, about: string): void;
  pass?: PassFailpoint | undefined;
  tracing?: Tracing | undefined;
};

type Fetched = { file: Download; blob: string; hop: Hop };
type Outcome = { stored: StoredFile } | { failure: HopFailure; saw?: string };

const mostHops = 6;
/** How many separate downloads must give the same bytes before those are taken for the file. */
const agreement = { onOtherHash: 2, onOtherLength: 10 };
const redirects = 3;

export function captureWork(parts: CaptureParts): (job: CaptureJob, signal: AbortSignal) => Promise<void> {
  const { clock, carriers, blobs } = parts;

  async function capture(job: CaptureJob, signal: AbortSignal, span: Span | undefined): Promise<Outcome> {
    const carrier = carriers.get(job.connection.carrier);
    if (carrier === undefined)
      return { failure: { is: 'transient', reason: `carrier_not_installed: ${job.connection.carrier}` } };
    const subject = subjectOf(job);
    if ('is' in subject) return { failure: subject };
    const fetched = await fetchFile(carrier, subject, job, signal, span);
    return 'is' in fetched ? { failure: fetched } : judgeFile(fetched, job);
  }

  function subjectOf(job: CaptureJob): CaptureSubject | HopFailure {
    try {
      return {
        address: job.channel.address,
        carrierMediaId: job.media.carrierMediaId,
        source: job.media.source,
        account: openConnection(job.connection, parts.sealer).account,
        channelSecrets: parts.sealer.open(job.channel.sealed),
      };
    } catch (error) {
      // Sealed under another secret key: nothing of this channel can be fetched until it is given back or the token replaced.
      parts.onError(error, `channel ${job.channel.id}`);
      return { is: 'account', reason: 'secrets_unreadable' };
    }
  }

  /** Walks the hops. @returns the file in the store, or why there is none */
  async function fetchFile(
    carrier: Carrier,
    subject: CaptureSubject,
    job: CaptureJob,
    signal: AbortSignal,
    span: Span | undefined,
  ): Promise<Fetched | HopFailure> {
    let lookedUpAgain = job.memo?.['again'] === true;
    let step: Hop | HopFailure = carrier.firstHop(subject, clock.now(), lookedUpAgain);
    for (let hops = 0; hops < mostHops; hops++) {
      if (isFailure(step)) return step;
      const hop: Hop = step;
      const part = span?.begin(hop.yields === 'file' ? 'download' : 'look-up', hostIn(hop.url), 'asks');
      const came = await take(hop, carrier, subject, job, signal);
      part?.end('is' in came ? came.reason : undefined);
      if ('file' in came) return came;
      if (isFailure(came)) {
        if (came.is !== 'expired_link' || hop.yields !== 'file' || lookedUpAgain) return came;
        lookedUpAgain = true;
        step = carrier.firstHop(subject, clock.now(), true);
      } else {
        step = came;
      }
    }
    return { is: 'transient', reason: 'too_many_hops' };
  }

  /** One hop. @returns the next, the file in the store, or why there is neither */
  async function take(
    hop: Hop,
    carrier: Carrier,
    subject: CaptureSubject,
    job: CaptureJob,
    signal: AbortSignal,
  ): Promise<Hop | Fetched | HopFailure> {
    const answer = await ask(hop, signal);
    if ('is' in answer) return answer;
    if (hop.yields === 'file' && answer.status === 200) return await keep(answer, hop, job, signal);
    const small = await smallAnswer(answer, parts.limits.stallMs);
    return hop.yields === 'file'
      ? carrier.judge(subject, hop, small, clock.now())
      : carrier.nextHop(subject, small, clock.now());
  }

  async function ask(hop: Hop, signal: AbortSignal) {
    try {
      return await parts.requester.request({
        method: 'GET',
        url: hop.url,
        headers: hop.headers,
        redirects: hop.yields === 'file' ? redirects : 0,
        headersTimeoutMs: parts.limits.headersTimeoutMs,
        signal,
      });
    } catch (error) {
      return wayFailure(error);
    }
  }

  async function keep(
    answer: Awaited<ReturnType<Requester['request']>>,
    hop: Hop,
    job: CaptureJob,
    signal: AbortSignal,
  ): Promise<Fetched | HopFailure> {
    const blob = `${job.media.appId}/${newId('blob', clock.now())}`;
    const file = await download(answer, {
      store: blobs,
      blob,
      signal,
      mostBytes: parts.limits.mediaBytes,
      stallMs: parts.limits.stallMs,
      minBytesPerSecond: parts.limits.minBytesPerSecond,
      pass: parts.pass,
    });
    return 'is' in file ? file : { file, blob, hop };
  }

  /** Holds what arrived against what was declared; a file that is not wanted is removed again. */
  async function judgeFile({ file, blob, hop }: Fetched, job: CaptureJob): Promise<Outcome> {
    const { media } = job;
    const sniffedType = (await sniff(file.head)) ?? null;
    const declaredType = media.declaredType ?? hop.expects.type ?? null;
    const declaredSha256 = hop.expects.sha256 ?? media.declaredSha256;
    const declaredSize = hop.expects.size ?? media.declaredSize;
    const objection = objectionTo(file, {
      type: declaredType,
      sha256: declaredSha256,
      size: declaredSize,
      sniffedType,
      agreed: job.memo?.['sha256'] === file.sha256 ? Number(job.memo['agreed']) : 0,
    });
    if (objection !== undefined) {
      await discard(blob);
      return { failure: { is: 'transient', reason: objection }, saw: file.sha256 };
    }
    const name = hop.expects.fileName ?? file.fileName;
    return {
      stored: {
        blob,
        size: file.size,
        sha256: file.sha256,
        servedType: file.servedType,
        sniffedType,
        type: effectiveType(declaredType, file.servedType, sniffedType),
        fileName: name === null ? null : clip(name, nameBytes),
        integrity: integrityOf(file, declaredSha256, declaredSize),
      },
    };
  }

  /** An object that stays behind costs room, not truth: nothing refers to it. */
  const discard = (blob: string) =>
    blobs.remove(blob).catch((error: unknown) => parts.onError(error, `remove ${blob}`));

  function settlementOf(job: CaptureJob, outcome: Outcome): CaptureSettlement {
    const at = clock.now();
    const lease = { job: job.job, attempt: job.attempt, at };
    if ('stored' in outcome) return { ...lease, result: { to: 'stored', file: outcome.stored }, channel: null };
    // Other bytes than the webhook declared: only the look-up tells how long the file is.
    const again = outcome.failure.is === 'expired_link' || outcome.saw !== undefined || job.memo?.['again'] === true;
    const before = job.memo?.['sha256'] === outcome.saw ? Number(job.memo?.['agreed'] ?? 0) : 0;
    const memo: JsonObject = {
      ...job.memo,
      ...(again && { again: true }),
      ...(outcome.saw !== undefined && { sha256: outcome.saw, agreed: before + 1 }),
    };
    const verdict = judgeCapture(outcome.failure, job.failures, job.media.deadline, at, parts.chance(), memo);
    return { ...lease, ...verdict };
  }

  async function dropCopy(job: CaptureJob, signal: AbortSignal): Promise<void> {
    const carrier = carriers.get(job.connection.carrier);
    const subject = subjectOf(job);
    if (carrier !== undefined && !('is' in subject)) await parts.copies.drop(carrier, subject, job.media.id, signal);
  }

  return async function work(job, signal) {
    const span = parts.tracing?.begin('capture', tracedFacts(job), job.media.traceparent);
    let failure: string | undefined = 'failed';
    try {
      failure = await captureAndSettle(job, signal, span);
    } finally {
      span?.end(failure);
    }
  };

  /** @returns why the file is not stored; undefined: it is */
  async function captureAndSettle(
    job: CaptureJob,
    signal: AbortSignal,
    span: Span | undefined,
  ): Promise<string | undefined> {
    const outcome = await capture(job, signal, span);
    if (signal.aborted) {
      if ('stored' in outcome) await discard(outcome.stored.blob);
      return 'aborted';
    }
    const settlement = settlementOf(job, outcome);
    if (settlement.result.to === 'stored') parts.pass?.('before_capture_settled');
    const settled: CaptureSettled | undefined = (
      await inSpan(span, 'settle', () => parts.records.settleCaptures([settlement]))
    )[0];
    if (settlement.result.to === 'stored') parts.pass?.('after_capture_settled');
    if (settled === undefined) throw new Error('the records gave no outcome');
    const report = reportOf(job, settlement, settled);
    span?.note({ 'mediadock.outcome': report.outcome });
    parts.report(report);
    parts.onWork();
    if (settled.drop !== null) await discard(settled.drop);
    if (report.outcome === 'stored') await dropCopy(job, signal);
    return report.reason ?? undefined;
  }
}

const tracedFacts = ({ media, failures }: CaptureJob): TraceFacts => ({
  'mediadock.media': media.id,
  ...(media.messageId !== null && { 'mediadock.message': media.messageId }),
  ...(media.channelId !== null && { 'mediadock.channel': media.channelId }),
  'mediadock.failures': failures,
});

/** No more of an address: paths and queries hold what only the carrier may see. */
const hostIn = (url: string): TraceFacts => (URL.canParse(url) ? { 'server.address': new URL(url).hostname } : {});

function reportOf(job: CaptureJob, { at, result }: CaptureSettlement, settled: CaptureSettled): CaptureReport {
  const stored = result.to === 'stored' ? result.file : undefined;
  return {
    media: job.media.id,
    channel: job.channel.id,
    outcome: settled.outcome === 'done' ? result.to : settled.outcome,
    reason: result.to === 'stored' ? null : result.reason,
    sinceReceiptMs: at - job.media.receivedAt,
    size: stored?.size ?? null,
    deduplicated: settled.outcome === 'done' && settled.drop !== null,
    mismatch: stored?.integrity === 'mismatch',
  };
}

/** Why a file is not what was declared; undefined when it is, or when enough downloads agree that the carrier has no other. */
function objectionTo(
  file: Download,
  declared: {
    type: string | null;
    sha256: string | null;
    size: number | null;
    sniffedType: string | null;
    agreed: number;
  },
): CaptureReason | undefined {
  if (declared.sha256 === file.sha256) return undefined;
  if (file.size === 0 && declared.size !== 0) return 'file_empty';
  if (declared.sniffedType === 'text/html' && declared.type !== null && bareType(declared.type) !== 'text/html') {
    return 'html_in_place_of_file';
  }
  if (declared.size !== null && declared.size !== file.size) {
    if (declared.agreed + 1 >= agreement.onOtherLength) return undefined;
    return file.size < declared.size ? 'file_short' : 'file_long';
  }
  if (declared.sha256 !== null && declared.agreed + 1 < agreement.onOtherHash) return 'sha256_differs';
  return undefined;
}

function integrityOf(file: Download, sha256: string | null, size: number | null): Integrity {
  if (sha256 !== null) return sha256 === file.sha256 ? 'verified' : 'mismatch';
  return size === null || size === file.size ? 'unchecked' : 'mismatch';
}

/** What went wrong on the way, before there was an answer. A private redirect target is no fault of the file: it stays transient. */
function wayFailure(error: unknown): HopFailure {
  if (!(error instanceof OutgoingError)) throw error;
  return { is: 'transient', reason: requestReason(error) };
}
