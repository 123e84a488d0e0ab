// Whether carriers and applications reach this server under its public address: it asks itself, by way of that address,
// below both paths that others call. The answer must prove that it came from here and not from whatever else lives there.

import { randomBytes } from 'node:crypto';
import { OutgoingError, type Requester } from '../../core/requester.ts';
import { smallAnswer } from '../small-answer.ts';
import type { Look } from './doctor.ts';
import { type Finding, fail, ok } from './finding.ts';

const answerWithinMs = 8000;

const ways = [
  { below: '/in/', subject: 'intake', who: 'carriers call' },
  { below: '/media/', subject: 'links', who: 'links point to' },
] as const;

/** @param requesterTo a requester that may ask this very origin, which need not be a public one; it is closed afterwards */
export function lookAtReach(parts: {
  publicUrl(): string;
  prove(nonce: string): string;
  requesterTo(origin: string): Requester;
}): Look {
  return {
    check: 'reach',
    async look(signal) {
      const url = parts.publicUrl();
      const requester = parts.requesterTo(url);
      try {
        return await Promise.all(ways.map((way) => lookAt(way, url, requester, parts.prove, signal)));
      } finally {
        await requester.close();
      }
    },
  };
}

async function lookAt(
  { below, subject, who }: (typeof ways)[number],
  publicUrl: string,
  requester: Requester,
  prove: (nonce: string) => string,
  signal: AbortSignal,
): Promise<Finding> {
  const nonce = randomBytes(16).toString('hex');
  const address = publicUrl + below;
  const bad = (says: string) =>
    fail(
      'reach',
      subject,
      says,
      `See that MEDIADOCK_PUBLIC_URL is right, that its name and certificate are, and that the proxy there passes ${below} on with path and query untouched.`,
    );
  try {
    const answer = await requester.request({
      method: 'GET',
      url: `${address}reach?nonce=${nonce}`,
      headers: { accept: 'application/json' },
      headersTimeoutMs: answerWithinMs,
      signal,
    });
    const { status, body } = await smallAnswer(answer, answerWithinMs);
    if (status === 200 && proofIn(body) === prove(nonce))
      return ok('reach', subject, `${address}, which ${who}, leads here.`);
    return bad(`${address}, which ${who}, is answered with ${status}, and not by this server.`);
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    return bad(`${address}, which ${who}, cannot be reached from here: ${error.message}.`);
  }
}

function proofIn(body: Uint8Array): unknown {
  try {
    const read: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof read === 'object' && read !== null && 'proof' in read ? read.proof : undefined;
  } catch {
    return undefined; // Somebody else's page.
  }
}
