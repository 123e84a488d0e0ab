// Bytes of unknown use, as they come: for operators, whose client checks them. Files for everybody else go through
// `serve-media.ts`.

import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { HttpLog } from './request-log.ts';

// One for all: each would be made with its stack.
const left = new Error('the caller left');

/**
 * Answers 200 with what `open` gives. An answer that cannot be finished is cut, so that it never looks whole.
 * @param open gets a signal that is over when the caller has left; what it throws is answered as a fault
 */
export async function sendBytes(
  reply: FastifyReply,
  log: HttpLog | undefined,
  open: (signal: AbortSignal) => Promise<{ size?: number; bytes: AsyncIterable<Uint8Array> }>,
): Promise<FastifyReply> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(left));
  if (reply.raw.closed) gone.abort(left);
  const { size, bytes } = await open(gone.signal);
  reply.code(200).headers({
    'content-type': 'application/octet-stream',
    ...(size !== undefined && { 'content-length': String(size) }),
  });
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  try {
    for await (const piece of bytes) {
      // Out before the next is asked for, because a store uses its buffers again.
      await new Promise<void>((resolve, reject) => {
        raw.write(piece, (error) => (error ? reject(error) : resolve()));
      });
    }
    raw.end();
  } catch (error) {
    if (!gone.signal.aborted) log?.error({ err: error }, 'an answer could not be finished');
    raw.destroy();
  }
  return reply;
}
