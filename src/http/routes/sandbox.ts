import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Fault, invalid } from '../../core/faults.ts';
import { bareType } from '../../core/media-type.ts';
import type { SandboxFile, SandboxMessage } from '../../core/sandbox-desk.ts';
import { given } from '../fields.ts';
import { givenFiles } from '../given-files.ts';
import { keyed, type Route } from '../route.ts';

/** Of a request, whether it is one file or several. */
const mostBytes = 100 * 1024 * 1024;
const mostFiles = 10;

const line = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => text.isWellFormed(), 'must be well-formed text')
    .optional();

export const sandboxRoutes: readonly Route[] = [
  keyed({
    method: 'POST',
    path: '/api/v1/sandbox/messages',
    operation: 'sendSandboxMessage',
    summary: 'Sends a message through a simulated carrier.',
    needs: { permission: 'manage', reach: 'instance' },
    status: 202,
    answers: z.strictObject({ carrier_message_id: z.string(), media_id: z.string().nullable() }),
    faults: ['body_too_large'],
    takes: 'stream',
    query: z.strictObject({
      carrier: line(50).meta({ description: '`whatsapp-cloud`, `rcs` or `twilio`; the first when absent.' }),
      from: z
        .string()
        .regex(/^\+?\d{5,20}$/, 'must be a phone number: 5 to 20 digits, with or without +')
        .optional(),
      name: line(200),
      caption: line(4096),
      text: line(4096),
      file_name: line(1024),
    }),
    async handler({ query, parts, request, reply }) {
      if (parts.sandbox === undefined) throw new Fault('not_found', { detail: 'The sandbox carrier is off.' });
      const desk = parts.sandbox;
      const length = Number(request.headers['content-length'] ?? 0);
      if (length > mostBytes) throw new Fault('body_too_large');
      const hasBody = length > 0 || request.headers['transfer-encoding'] !== undefined;

      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const { carrier, from, name, caption, text, file_name: fileName } = query;
      const said = given({ carrier, from, name, caption, text, fileName });
      const type = request.raw.headersDistinct['content-type']?.[0];
      const send = (file: Partial<SandboxMessage>) => desk.send({ ...said, ...file }, gone.signal);
      const sent = !hasBody
        ? await send({})
        : bareType(type) === 'multipart/form-data'
          ? await withFirst(filesIn(request), send)
          : await send(given({ type, body: bound(mostBytes)(request.raw) }));
      return { carrier_message_id: sent.carrierMessageId, media_id: sent.mediaId };
    },
  }),
];

/** The first file as the body, and those behind it. */
async function withFirst<Sent>(
  files: AsyncGenerator<SandboxFile>,
  send: (file: Partial<SandboxMessage>) => Promise<Sent>,
): Promise<Sent> {
  try {
    const first = await files.next();
    if (first.done) throw invalid('body', 'has no file');
    return await send({ ...first.value, furtherFiles: files });
  } finally {
    await files.return(undefined);
  }
}

async function* filesIn(request: FastifyRequest): AsyncGenerator<SandboxFile> {
  const bounded = bound(mostBytes);
  for await (const { stream, type, fileName } of givenFiles(request, mostFiles)) {
    yield { body: bounded(stream), ...(type !== null && { type }), ...(fileName !== null && { fileName }) };
  }
}

/** Passes on what it is given, up to so many bytes in all. */
function bound(most: number): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  let seen = 0;
  return async function* (source) {
    for await (const chunk of source) {
      seen += chunk.byteLength;
      if (seen > most) throw new Fault('body_too_large');
      yield chunk;
    }
  };
}
