// The bytes of a stored media over HTTP: validators, ranges, and headers that make a browser show a file and never run it.
// RFC 9110 sections 13 (conditions) and 14 (ranges). A single range is served as one; several get the whole file, which
// section 14.2 allows.

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fresh from 'fresh';
import parseRange from 'range-parser';
import type { ByteRange } from '../core/blob-store.ts';
import type { Media } from '../core/model.ts';
import type { MediaDesk } from '../flows/media-desk.ts';
import { dispositionOf } from './disposition.ts';
import { ProtocolFault } from './problems.ts';
import type { HttpLog } from './request-log.ts';

// One for all: each would be made with its stack.
const left = new Error('the caller left');

export type StoredMedia = Media & { blob: string; size: number; sha256: string; type: string };

/** Under what a dialect serves a file, where it has words of its own for it. */
export type ServedAs = { type?: string | undefined; disposition?: 'inline' | 'attachment' | undefined };

/** Answers a GET or HEAD with the file. @throws Fault media_gone; ProtocolFault range_not_satisfiable */
export async function serveMedia(
  request: FastifyRequest,
  reply: FastifyReply,
  media: StoredMedia,
  parts: { desk: Pick<MediaDesk, 'atHand' | 'bytes'>; log?: HttpLog | undefined },
  as: ServedAs = {},
): Promise<FastifyReply> {
  const etag = `"${media.sha256}"`;
  const headers: Record<string, string> = {
    etag,
    // Whoever keeps a copy asks each time, so that a deleted file is gone at once and not when a cache forgets it.
    'cache-control': 'private, max-age=0, must-revalidate',
    'accept-ranges': 'bytes',
    'content-security-policy': "sandbox; default-src 'none'",
    'referrer-policy': 'no-referrer',
    // The link is the permission, and it is meant to be shown inside the application's own pages, on another origin.
    'cross-origin-resource-policy': 'cross-origin',
  };
  // Its other conditions are left out: `Cache-Control: no-cache`, which fetch adds by itself, is a word to caches.
  if (fresh({ 'if-none-match': request.headers['if-none-match'] }, { etag }))
    return reply.code(304).headers(headers).send();

  const range = rangeOf(request, media.size, etag);
  const { start, end } = range ?? { start: 0, end: media.size - 1 };
  const length = end - start + 1;
  Object.assign(headers, {
    'content-type': as.type ?? media.type,
    'content-disposition': dispositionOf(media, as.disposition),
    'content-length': String(length),
    ...(range && { 'content-range': `bytes ${start}-${end}/${media.size}` }),
  });
  const status = range === undefined ? 200 : 206;
  if (request.method === 'HEAD') return reply.code(status).headers(headers).send();

  const whole = parts.desk.atHand(media);
  if (whole !== undefined)
    return reply
      .code(status)
      .headers(headers)
      .send(whole.subarray(start, end + 1));

  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(left));
  // Whoever left while the media was looked up closes no second time.
  if (reply.raw.closed) gone.abort(left);
  // A store that knows how much is wanted reads a small file at once; one byte more shows whether there is more than that.
  const bytes = await parts.desk
    .bytes(media, range ?? { start, end: media.size }, gone.signal)
    .catch((error: unknown) => {
      if (!gone.signal.aborted) throw error;
    });
  if (bytes === undefined) return reply.send();
  try {
    const pieces = exactly(length, bytes);
    const first = await pieces.next();
    reply.code(status).headers(headers);
    if (first.done === true) return reply.send();
    // Asked for more, it ends, or says that there is more than was announced.
    if (first.value.length === length && (await pieces.next()).done === true) return reply.send(first.value);
    reply.hijack();
    reply.raw.writeHead(status, reply.getHeaders() as OutgoingHttpHeaders);
    await pour(first.value, pieces, reply.raw);
  } catch (error) {
    if (gone.signal.aborted) return reply.hijack();
    parts.log?.error({ err: error, media: media.id }, 'a file could not be read to its end');
    if (!reply.sent) throw error;
    reply.raw.destroy();
  }
  return reply;
}

/** The one range to serve; undefined: the whole file. */
function rangeOf(request: FastifyRequest, size: number, etag: string): ByteRange | undefined {
  const asked = request.headers.range;
  // Section 14.2: ranges are defined for GET alone. Section 13.1.5: a date in If-Range has nothing here to equal.
  if (asked === undefined || request.method !== 'GET') return undefined;
  if ((request.headers['if-range'] ?? etag) !== etag) return undefined;
  const ranges = parseRange(size, asked);
  if (ranges === -1) throw new ProtocolFault('range_not_satisfiable', { 'content-range': `bytes */${size}` });
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}

/** The same pieces; where they turn out to have another length than was announced, the answer must not look whole. */
async function* exactly(length: number, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const piece of pieces) {
    seen += piece.length;
    if (seen > length) break;
    yield piece;
  }
  if (seen !== length) throw new Error(`the blob gave ${seen} or more bytes where ${length} were recorded`);
}

/** Writes each piece and waits until it is out, because the store uses its buffers again; a stream would need new ones. */
async function pour(first: Uint8Array, rest: AsyncIterable<Uint8Array>, to: ServerResponse): Promise<void> {
  const out = (piece: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      to.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  await out(first);
  for await (const piece of rest) await out(piece);
  to.end();
}
