// Requests that may be sent twice and are carried out once. The mark is set before the work begins, so that of two that come
// together one waits; the answer is kept sealed, because it may tell a secret. What fails on our side leaves no mark.

import { createHmac } from 'node:crypto';
import { Fault } from '../core/faults.ts';
import type { Clock } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import type { Records } from '../core/records.ts';
import { deriveKey, type Sealer } from '../core/sealing.ts';

export type KeptAnswer = { status: number; headers: Record<string, string>; body: Json };

export type Idempotency = {
  /**
   * Carries out a request, or gives the answer that it got before. What `run` throws is not kept.
   * @param asked `fingerprint` tells one request from another; a mark whose process died counts as absent after `longestMs`
   * @throws Fault idempotency_reused, idempotency_running
   */
  once(
    asked: { caller: string; idempotencyKey: string; fingerprint: string; longestMs: number },
    run: () => Promise<KeptAnswer>,
  ): Promise<{ answer: KeptAnswer; isReplayed: boolean }>;
};

export type IdempotencyParts = {
  records: Pick<Records, 'beginIdempotent' | 'endIdempotent'>;
  sealer: Sealer;
  /** Under which requests are compared: their bodies may hold passwords, which a bare hash would let be guessed. */
  secretKey: Uint8Array;
  clock: Clock;
  onError(error: unknown, about: string): void;
};

export function idempotency({ records, sealer, secretKey, clock, onError }: IdempotencyParts): Idempotency {
  const key = deriveKey(secretKey, 'idempotency');
  return {
    async once({ longestMs, fingerprint: bare, ...named }, run) {
      const fingerprint = createHmac('sha256', key).update(bare).digest('hex');
      const mark = await records.beginIdempotent({ ...named, fingerprint, now: clock.now(), staleMs: longestMs });
      switch (mark.is) {
        case 'other':
          throw new Fault('idempotency_reused');
        case 'running':
          throw new Fault('idempotency_running', { retryAfter: 1 });
        case 'done': {
          const { headers, body } = sealer.open(mark.answer) as Pick<KeptAnswer, 'headers' | 'body'>;
          return { answer: { status: mark.status, headers, body }, isReplayed: true };
        }
        case 'first':
          break;
      }
      // The work is done or not done by then; a mark that could not be ended only makes a second try wait, or happen.
      const end = (kept: { status: number; answer: Uint8Array } | null) =>
        records
          .endIdempotent({ ...named, end: kept })
          .catch((error: unknown) => onError(error, 'the mark of a request that is carried out once'));
      try {
        const answer = await run();
        const { status, headers, body } = answer;
        await end({ status, answer: sealer.seal({ headers, body }) });
        return { answer, isReplayed: false };
      } catch (error) {
        await end(null);
        throw error;
      }
    },
  };
}
