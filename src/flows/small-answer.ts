import type { HopAnswer } from '../core/carrier.ts';
import type { OutgoingAnswer } from '../core/requester.ts';

const answerBytes = 64 * 1024;

/** What arrives of an answer within the limit, by default at most 64 KiB; the rest is dropped with its connection. */
export async function smallAnswer(
  answer: OutgoingAnswer,
  withinMs: number,
  mostBytes: number = answerBytes,
): Promise<HopAnswer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const late = setTimeout(() => answer.body.destroy(), withinMs);
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk.subarray(0, mostBytes - bytes));
      bytes += chunk.byteLength;
      if (bytes >= mostBytes) break;
    }
  } catch {
    // A cut answer is judged by what arrived of it; its status is known.
  } finally {
    clearTimeout(late);
    answer.body.destroy();
  }
  return { status: answer.status, headers: answer.headers, body: new Uint8Array(Buffer.concat(chunks)) };
}
