import { z } from 'zod';
import { Fault } from '../../core/faults.ts';
import { given } from '../fields.ts';
import { keyed, type Route } from '../route.ts';

const mostFileBytes = 100 * 1024 * 1024;

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
    summary: 'Sends a message through the simulated carrier.',
    needs: { permission: 'manage', reach: 'instance' },
    status: 202,
    answers: z.strictObject({ carrier_message_id: z.string(), media_id: z.string().nullable() }),
    faults: ['body_too_large'],
    takes: 'stream',
    query: z.strictObject({
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
      const length = Number(request.headers['content-length'] ?? 0);
      if (length > mostFileBytes) throw new Fault('body_too_large');
      const hasBody = length > 0 || request.headers['transfer-encoding'] !== undefined;

      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const { from, name, caption, text, file_name: fileName } = query;
      const sent = await parts.sandbox.send(
        given({
          from,
          name,
          caption,
          text,
          fileName,
          type: hasBody ? request.raw.headersDistinct['content-type']?.[0] : undefined,
          body: hasBody ? atMost(mostFileBytes, request.raw) : undefined,
        }),
        gone.signal,
      );
      return { carrier_message_id: sent.carrierMessageId, media_id: sent.mediaId };
    },
  }),
];

async function* atMost(most: number, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.byteLength;
    if (seen > most) throw new Fault('body_too_large');
    yield chunk;
  }
}
