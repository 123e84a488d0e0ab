// One signed POST to an application. Signed by Standard Webhooks, unless its endpoint will not have that; redirects are not followed, because a signature is
// made for one address; of the reply only its beginning is read, for the attempt log.

import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Clock } from '../core/ids.ts';
import { type OutgoingAnswer, OutgoingError, type Requester } from '../core/requester.ts';
import {
  headerObjection,
  reservedHeader,
  type SendOutcome,
  type SendRequest,
  type WebhookTransport,
} from '../core/transport.ts';
import { codeOf } from '../outgoing/outgoing-failure.ts';
import { retryAfterMs } from '../outgoing/retry-after.ts';
import { timeLimit } from '../outgoing/time-limit.ts';

export type WebhookParts = {
  requester: Requester;
  clock: Clock;
};

const replyBytes = 4 * 1024;

// Our own network or process is to blame for these, not the receiver.
const ownFaults = new Set(['EAI_AGAIN', 'ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'EMFILE', 'ENFILE']);

export function webhookTransport({ requester, clock }: WebhookParts): WebhookTransport {
  return {
    async send(request) {
      const began = clock.now();
      const bytes = Buffer.from(request.body);
      const done = (seen: Pick<SendOutcome, 'error' | 'fault'> & Partial<SendOutcome>): SendOutcome => ({
        status: null,
        retryAfterMs: null,
        reply: null,
        ...seen,
        durationMs: clock.now() - began,
        bodySha256: createHash('sha256').update(bytes).digest('hex'),
        bodyLength: bytes.length,
      });

      const standard = request.standardHeaders ? standardHeaders(request) : {};
      if (standard === undefined) return done({ error: 'a signing secret cannot be used', fault: 'receiver' });
      const added = Object.entries(request.headers).filter(([name]) => !reservedHeader(name));
      const unfit = added.find(([name, value]) => headerObjection(name, value) !== undefined);
      if (unfit !== undefined) return done({ error: `the header ${unfit[0]} cannot be sent`, fault: 'receiver' });

      const late = new OutgoingError('timeout', `timed out after ${request.timeoutMs / 1000} s`);
      const limit = timeLimit(request.signal, request.timeoutMs, late);
      try {
        const answer = await requester.request({
          method: 'POST',
          url: request.url,
          headers: { ...Object.fromEntries(added), ...standard },
          body: bytes,
          headersTimeoutMs: request.timeoutMs,
          signal: limit.signal,
        });
        const { status } = answer;
        const accepted = status >= 200 && status < 300;
        return done({
          status,
          error: accepted ? null : complaint(status),
          fault: accepted ? 'none' : 'receiver',
          retryAfterMs: retryAfterMs(answer.headers, clock.now()),
          reply: await beginning(answer.body),
        });
      } catch (error) {
        if (!(error instanceof OutgoingError)) throw error;
        if (request.signal.aborted) return done({ error: error.message, fault: 'gateway' });
        if (limit.signal.aborted) return done({ error: late.message, fault: 'receiver' });
        const says = error.failure === 'refused' ? `the address is not allowed: ${error.message}` : error.message;
        return done({ error: says, fault: ownFaults.has(codeOf(error.cause)) ? 'gateway' : 'receiver' });
      } finally {
        limit.release();
      }
    },
  };
}

/** With one signature for each secret; undefined when there is no secret or one that cannot be read. */
function standardHeaders({ secrets, id, at, body }: SendRequest): Record<string, string> | undefined {
  if (secrets.length === 0) return undefined;
  try {
    return {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1000)),
      'webhook-signature': secrets.map((secret) => signerOf(secret).sign(id, new Date(at), body)).join(' '),
    };
  } catch {
    return undefined;
  }
}

function signerOf(secret: string): Webhook {
  return secret.startsWith('whsec_') ? new Webhook(secret) : new Webhook(Buffer.from(secret), { format: 'raw' });
}

const complaint = (status: number): string =>
  status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`;

/** The first 4 KiB of a body, or what came of them: the answer has been given, so a body that breaks off changes nothing. */
async function beginning(body: OutgoingAnswer['body']): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= replyBytes) break;
    }
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
  } finally {
    body.destroy();
  }
  // With `stream` a character that was cut in two is left out instead of replaced. No database keeps U+0000 in text.
  const text = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, replyBytes), { stream: true });
  return text.replaceAll('\0', '\ufffd');
}
