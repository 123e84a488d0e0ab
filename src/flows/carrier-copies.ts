// Dropping the carrier's own copy of a file, once ours is durable and where its connection wishes that. The settlement never waits for it
// and never depends on it: a deletion that fails is tried again with each sweep, and what is left when the process ends is
// found by the reconciliation, which asks again for whatever is stored here.

import type { CaptureSubject, Carrier, Hop } from '../core/carrier.ts';
import { OutgoingError, type Requester } from '../core/requester.ts';
import { requestReason } from './download.ts';
import { smallAnswer } from './small-answer.ts';

export type CopyReport = { media: string; outcome: 'dropped' | 'retry'; reason: string | null };

export type CarrierCopies = {
  /** Asks the carrier to drop its copy, if that is wished and was not done before. Never throws. */
  drop(carrier: Carrier, subject: CaptureSubject, media: string, signal: AbortSignal): Promise<void>;
  /** Tries again what has failed. */
  again(signal: AbortSignal): Promise<void>;
};

const answerWithinMs = 10_000;
const mostRemembered = 10_000;

export function carrierCopies(parts: {
  requester: Pick<Requester, 'request'>;
  report(report: CopyReport): void;
}): CarrierCopies {
  const failed = new Map<string, Hop>();
  const dropped = new Set<string>();

  /** undefined: there is no copy any more. */
  async function failureOf(hop: Hop, signal: AbortSignal): Promise<string | undefined> {
    try {
      const { url, headers } = hop;
      const answer = await parts.requester.request({
        method: 'DELETE',
        url,
        headers,
        headersTimeoutMs: answerWithinMs,
        signal,
      });
      const { status } = await smallAnswer(answer, answerWithinMs);
      const isGone = (status >= 200 && status < 300) || status === 404 || status === 410;
      return isGone ? undefined : `link_${status}`;
    } catch (error) {
      if (!(error instanceof OutgoingError)) throw error;
      return requestReason(error);
    }
  }

  async function ask(media: string, hop: Hop, signal: AbortSignal): Promise<void> {
    const reason = await failureOf(hop, signal);
    if (reason === undefined) {
      failed.delete(media);
      remember(dropped, media);
    } else if (failed.has(media) || failed.size < mostRemembered) {
      failed.set(media, hop);
    }
    parts.report({ media, outcome: reason === undefined ? 'dropped' : 'retry', reason: reason ?? null });
  }

  return {
    async drop(carrier, subject, media, signal) {
      const hop = dropped.has(media) ? null : carrier.discard(subject);
      if (hop !== null) await ask(media, hop, signal);
    },
    async again(signal) {
      for (const [media, hop] of [...failed]) {
        if (signal.aborted) return;
        await ask(media, hop, signal);
      }
    },
  };
}

/** The oldest is forgotten first; a deletion that is repeated does no harm. */
function remember(set: Set<string>, item: string): void {
  set.add(item);
  const [oldest] = set;
  if (set.size > mostRemembered && oldest !== undefined) set.delete(oldest);
}
